/* SPDX-License-Identifier: Apache-2.0 */
/* What `git log` says of a commit, whose author wrote it as he liked. */
#include "port/git/git.h"

#include "base/mem.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[GIT_ANSWER_MAX];
	struct git_head head;

	if (size >= sizeof text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	git_head_read(text, &head);
	must(!head.commit == !head.author && !head.author == !head.summary);
	if (!head.commit)
		return 0;
	must(strlen(head.commit) == strspn(head.commit, "0123456789abcdef"));
	must(head.author > head.commit && head.summary > head.author);
	must(head.summary + strlen(head.summary) <= text + size && !strchr(head.summary, '\n'));
	return 0;
}
