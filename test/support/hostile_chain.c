/* SPDX-License-Identifier: Apache-2.0 */
#include "test/support/hostile_chain.h"

#include "base/json.h"

#define BODY_BUDGET_BYTES (4u * 1024 * 1024)

void hostile_chain_init(struct hostile_chain *c, struct wall wall)
{
	*c = (struct hostile_chain){ .wall = wall, .hlc = (uint64_t)wall.ms << 16 };
	arena_init(&c->arena, BODY_BUDGET_BYTES);
}

void hostile_chain_fini(struct hostile_chain *c)
{
	arena_fini(&c->arena);
}

/* As its writer would spell it; NULL when it is no body. */
static const char *spell(struct hostile_chain *c, const char *body)
{
	scoped(json_decref) json_t *object = NULL;
	scoped(str_fini) struct str spelt = STR_EMPTY;

	if (json_read(&object, body, strlen(body), NULL) != RC_OK ||
		event_write_body(object, &spelt, NULL) != RC_OK)
		return NULL;
	return arena_strdup(&c->arena, str_c(&spelt));
}

bool hostile_chain_next(struct hostile_chain *c, char *line, struct event *ret)
{
	char *subject = strchr(line, ' '), *body = subject ? strchr(subject + 1, ' ') : NULL;

	if (!body)
		return false;
	*subject++ = *body++ = '\0';
	*ret = (struct event){ .site = "mumbai",
		.epoch = 1795386000,
		.seq = c->seq + 1,
		.hlc = c->hlc + 1,
		.wall = c->wall,
		.kind = line,
		.subject = subject,
		.body = spell(c, body),
		.previous = c->previous };
	if (!ret->body)
		return false;
	ret->hash = event_hash(ret);
	if (event_validate(ret, NULL) != RC_OK)
		return false;
	c->seq++;
	c->hlc++;
	c->previous = ret->hash;
	return true;
}
