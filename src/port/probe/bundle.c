/* SPDX-License-Identifier: Apache-2.0 */
#include "port/probe/bundle.h"

#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END   "-----END CERTIFICATE-----"

struct entry {
	uint64_t name;           /* FNV-1a of the raw subject */
	uint32_t offset, length; /* of the PEM block in the file */
};

struct bundle {
	char *path;
	struct stat mark; /* of the file as it was indexed */
	struct entry *entries;
	uint32_t n_entries, cap_entries;
};

static uint64_t hash_of(const gnutls_datum_t *d)
{
	uint64_t hash = 14695981039346656037u;

	for (unsigned i = 0; i < d->size; i++)
		hash = (hash ^ d->data[i]) * 1099511628211u;
	return hash;
}

static enum rc read_file(const char *path, struct stat *ret_mark, struct str *ret, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char buf[65536];
	ssize_t n;

	if (fd < 0)
		return err_errno(e, RC_IO, errno, "reading %s", path);
	ret->limit_bytes = BUNDLE_BYTES_MAX;
	n = fstat(fd, ret_mark);
	while (n >= 0 && (n = read(fd, buf, sizeof buf)) > 0)
		str_addn(ret, buf, (size_t)n);
	close(fd);
	if (n < 0)
		return err_errno(e, RC_IO, errno, "reading %s", path);
	if (ret->is_cut)
		return err_set(e, RC_LIMIT, "%s is over %d bytes", path, BUNDLE_BYTES_MAX);
	return RC_OK;
}

static gnutls_x509_crt_t parse(const char *pem, size_t n)
{
	gnutls_datum_t d = { .data = (unsigned char *)(uintptr_t)pem, .size = (unsigned)n };
	gnutls_x509_crt_t cert;

	if (gnutls_x509_crt_init(&cert) < 0)
		return NULL;
	if (gnutls_x509_crt_import(cert, &d, GNUTLS_X509_FMT_PEM) == 0)
		return cert;
	gnutls_x509_crt_deinit(cert);
	return NULL;
}

/* What GnuTLS can't read is no authority for us: passed over. */
static void index_block(struct bundle *b, const char *file, const char *block, size_t length)
{
	gnutls_x509_crt_t cert = parse(block, length);
	gnutls_datum_t name;

	if (!cert)
		return;
	if (gnutls_x509_crt_get_raw_dn(cert, &name) == 0) {
		must_grow(b->entries, b->n_entries, b->cap_entries);
		b->entries[b->n_entries++] = (struct entry){ .name = hash_of(&name),
			.offset = (uint32_t)(block - file),
			.length = (uint32_t)length };
		gnutls_free(name.data);
	}
	gnutls_x509_crt_deinit(cert);
}

enum rc bundle_open(struct bundle **ret, const char *path, struct err *e)
{
	scoped(bundle_free) struct bundle *b = must_alloc(sizeof *b);
	scoped(str_fini) struct str file = STR_EMPTY;
	enum rc rc = read_file(path, &b->mark, &file, e);
	const char *block;

	if (rc != RC_OK)
		return rc;
	b->path = must_strdup(path);
	block = strstr(str_c(&file), BEGIN);
	while (block) {
		const char *end = strstr(block, END);

		if (!end)
			break;
		end += strlen(END);
		index_block(b, file.s, block, (size_t)(end - block));
		block = strstr(end, BEGIN);
	}
	if (b->n_entries == 0)
		return err_set(e, RC_INPUT, "%s holds no certificate", path);
	*ret = TAKE(b);
	return RC_OK;
}

void bundle_free(struct bundle *b)
{
	if (!b)
		return;
	free(b->path);
	free(b->entries);
	free(b);
}

const char *bundle_path(const struct bundle *b)
{
	return b->path;
}

bool bundle_is_current(const struct bundle *b)
{
	struct stat now;

	return stat(b->path, &now) == 0 && now.st_ino == b->mark.st_ino &&
	       now.st_size == b->mark.st_size && now.st_mtim.tv_sec == b->mark.st_mtim.tv_sec &&
	       now.st_mtim.tv_nsec == b->mark.st_mtim.tv_nsec;
}

static gnutls_x509_crt_t load(int fd, const struct entry *entry)
{
	char *pem = must_alloc(entry->length);
	gnutls_x509_crt_t cert = NULL;

	if (pread(fd, pem, entry->length, entry->offset) == (ssize_t)entry->length)
		cert = parse(pem, entry->length);
	free(pem);
	return cert;
}

static bool is_called(gnutls_x509_crt_t cert, const gnutls_datum_t *name)
{
	gnutls_datum_t own;
	bool is_same;

	if (gnutls_x509_crt_get_raw_dn(cert, &own) != 0)
		return false;
	is_same = own.size == name->size && memcmp(own.data, name->data, own.size) == 0;
	gnutls_free(own.data);
	return is_same;
}

uint32_t bundle_find(const struct bundle *b, const gnutls_datum_t *name, gnutls_x509_crt_t *ret,
	uint32_t size)
{
	uint64_t wanted = hash_of(name);
	uint32_t n = 0;
	int fd = -1;

	for (uint32_t i = 0; i < b->n_entries && n < size; i++) {
		gnutls_x509_crt_t cert;

		if (b->entries[i].name != wanted)
			continue;
		if (fd < 0)
			fd = open(b->path, O_RDONLY | O_CLOEXEC);
		cert = fd >= 0 ? load(fd, &b->entries[i]) : NULL;
		if (cert && is_called(cert, name))
			ret[n++] = cert;
		else if (cert)
			gnutls_x509_crt_deinit(cert);
	}
	if (fd >= 0)
		close(fd);
	return n;
}
