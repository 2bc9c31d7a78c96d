// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's crypto for user space: a hash reads from the pages, a cipher
 * writes to them.  An algorithm below cryptd is asynchronous, and done when a
 * worker says so.
 */
#include <linux/aio_abi.h>
#include <linux/if_alg.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "callsite.h"

#ifndef SOL_ALG
#define SOL_ALG		279
#endif

#define KEY		16
#define BLOCK		16
#define TAG		16

struct client {
	struct memory m;
	int alg, op;
	const char *type;
	size_t size;		/* bytes of the memory that are used */
};

static const char *client_open(struct client *c, const char *type,
			       const char *name)
{
	struct sockaddr_alg addr = { .salg_family = AF_ALG };
	unsigned char key[KEY] = "sixteen bytes..";

	strcpy((char *)addr.salg_type, type);
	strcpy((char *)addr.salg_name, name);
	c->type = type;
	c->size = c->m.size < 8 * PAGE ? c->m.size : 8 * PAGE;
	c->alg = socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (c->alg < 0)
		return "no sockets for crypto";
	if (bind(c->alg, (struct sockaddr *)&addr, sizeof(addr))) {
		fprintf(stderr, "# %s: errno %d\n", name, errno);
		return "no such algorithm";
	}
	if (strcmp(type, "hash") &&
	    setsockopt(c->alg, SOL_ALG, ALG_SET_KEY, key, KEY))
		return "the key is refused";
	if (!strcmp(type, "aead") &&
	    setsockopt(c->alg, SOL_ALG, ALG_SET_AEAD_AUTHSIZE, NULL, TAG))
		return "the size of the tag is refused";
	c->op = accept(c->alg, NULL, 0);
	return c->op < 0 ? "no operation" : NULL;
}

static void client_close(struct client *c)
{
	close(c->op);
	close(c->alg);
	memory_unmap(&c->m);
}

/* Hand @size bytes to the cipher. Returns 0 or -errno. */
static int cipher_in(struct client *c, int op, const void *data, size_t size)
{
	size_t iv_size = strcmp(c->type, "aead") ? BLOCK : 12;
	char control[CMSG_SPACE(4) + CMSG_SPACE(4 + BLOCK) + CMSG_SPACE(4)] = "";
	struct iovec iov = { (void *)data, size };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);
	struct af_alg_iv *iv;
	ssize_t ret;

	head->cmsg_level = SOL_ALG;
	head->cmsg_type = ALG_SET_OP;
	head->cmsg_len = CMSG_LEN(4);
	*(__u32 *)CMSG_DATA(head) = op;
	head = CMSG_NXTHDR(&msg, head);
	head->cmsg_level = SOL_ALG;
	head->cmsg_type = ALG_SET_IV;
	head->cmsg_len = CMSG_LEN(4 + iv_size);
	iv = (void *)CMSG_DATA(head);
	iv->ivlen = iv_size;
	memset(iv->iv, 7, iv_size);
	head = CMSG_NXTHDR(&msg, head);
	head->cmsg_level = SOL_ALG;
	head->cmsg_type = ALG_SET_AEAD_ASSOCLEN;
	head->cmsg_len = CMSG_LEN(4);
	*(__u32 *)CMSG_DATA(head) = 0;
	ret = sendmsg(c->op, &msg, 0);
	return ret < 0 ? -errno : ret == (ssize_t)size ? 0 : -EIO;
}

/* Have @size bytes written to the memory. Returns 0 or -errno. */
static int cipher_out(struct client *c, void *to, size_t size)
{
	ssize_t ret = read(c->op, to, size);

	return ret < 0 ? -errno : ret == (ssize_t)size ? 0 : -EIO;
}

static int hash_all(void *arg)
{
	struct client *c = arg;
	ssize_t ret = send(c->op, c->m.p, c->size, 0);

	return ret < 0 ? -errno : ret == (ssize_t)c->size ? 0 : -EIO;
}

FIXTURE(memory)
{
	struct client c;
	int pages;
};

FIXTURE_VARIANT(memory)
{
	enum memory_kind kind;
	bool shared;
};

FIXTURE_VARIANT_ADD(memory, anon) { .kind = ANON };
FIXTURE_VARIANT_ADD(memory, thp) { .kind = THP };
FIXTURE_VARIANT_ADD(memory, hugetlb) { .kind = HUGETLB_2M };
FIXTURE_VARIANT_ADD(memory, memfd) { .kind = MEMFD, .shared = true };
FIXTURE_VARIANT_ADD(memory, ext4) { .kind = EXT4, .shared = true };

FIXTURE_SETUP(memory)
{
	SKIP_IF(memory_map(&self->c.m, variant->kind, variant->shared));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(memory)
{
	client_close(&self->c);
	EXPECT_EQ(0, pins_left());
}

/* The digest is that of sha256sum. */
TEST_F(memory, hash)
{
	struct client *c = &self->c;
	char line[96] = "", wanted[65] = "", got[65];
	unsigned char digest[32];
	FILE *out;
	long taken;
	int i;

	SKIP_IF(client_open(c, "hash", "sha256"));
	memset(c->m.p, 0, c->size);
	snprintf(line, sizeof(line), "head -c %zu /dev/zero | sha256sum",
		 c->size);
	out = popen(line, "re");
	ASSERT_NE(NULL, out);
	ASSERT_EQ(1, fscanf(out, "%64s", wanted));
	pclose(out);
	taken = pins_taken();
	ASSERT_EQ(0, hash_all(c));
	EXPECT_EQ(c->size / PAGE, pins_taken() - taken);
	EXPECT_EQ(0, pins_held());
	ASSERT_EQ(sizeof(digest), read(c->op, digest, sizeof(digest)));
	for (i = 0; i < 32; i++)
		sprintf(got + 2 * i, "%02x", digest[i]);
	EXPECT_STREQ(wanted, got);
}

/* There and back, into the memory each time. */
TEST_F(memory, data_arrives)
{
	struct client *c = &self->c;
	char *plain, *secret;
	long taken;
	size_t i;

	SKIP_IF(client_open(c, "skcipher", "cbc(aes)"));
	plain = malloc(c->size);
	secret = malloc(c->size);
	for (i = 0; i < c->size; i++)
		plain[i] = i * 5 + i / 256;
	ASSERT_EQ(0, cipher_in(c, ALG_OP_ENCRYPT, plain, c->size));
	if (variant->kind == EXT4)
		EXPECT_FINE(write_back(&c->m));
	taken = pins_taken();
	EXPECT_EQ(0, cipher_out(c, c->m.p, c->size));
	EXPECT_EQ(c->size / PAGE, pins_taken() - taken);
	EXPECT_EQ(0, pins_held());
	EXPECT_NE(0, memcmp(plain, c->m.p, c->size));
	if (variant->kind == EXT4) {
		EXPECT_EQ(c->size / PAGE, dirty_pages(&c->m));
		EXPECT_FINE(data_lost(&c->m));
	}
	memcpy(secret, c->m.p, c->size);
	ASSERT_EQ(0, cipher_in(c, ALG_OP_DECRYPT, secret, c->size));
	EXPECT_EQ(0, cipher_out(c, c->m.p, c->size));
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(0, memcmp(plain, c->m.p, c->size));
}

static const int crypto_errors[] = { ENOMEM, EFAULT, EAGAIN, 0 };

static int cipher_again(void *arg)
{
	struct client *c = arg;

	return cipher_out(c, c->m.p, c->size);
}

/* What was not read stays to be read, so the input is there until it succeeds. */
TEST_F(memory, fail_nth)
{
	struct client *c = &self->c;
	struct client h = { .m = c->m };
	void *data;

	SKIP_IF(client_open(c, "skcipher", "cbc(aes)"));
	data = calloc(1, c->size);
	ASSERT_EQ(0, cipher_in(c, ALG_OP_ENCRYPT, data, c->size));
	EXPECT_FINE(fail_each(cipher_again, NULL, c, crypto_errors));
	SKIP_IF(client_open(&h, "hash", "sha256"));
	ASSERT_EQ(0, hash_all(&h));
}

/* Asynchronous: the pages are the worker's until it is done. */
TEST_F(memory, asynchronous)
{
	struct client *c = &self->c;
	char *plain, *secret;
	aio_context_t aio = 0;
	struct io_event event;
	struct iocb iocb, *iocbs[] = { &iocb };
	long taken;

	SKIP_IF(client_open(c, "aead", "cryptd(gcm(aes))"));
	c->size -= TAG;
	plain = malloc(c->size);
	secret = malloc(c->size + TAG);
	memset(plain, 3, c->size);
	ASSERT_EQ(0, cipher_in(c, ALG_OP_ENCRYPT, plain, c->size));
	memset(&iocb, 0, sizeof(iocb));
	iocb.aio_fildes = c->op;
	iocb.aio_lio_opcode = IOCB_CMD_PREAD;
	iocb.aio_buf = (uintptr_t)c->m.p;
	iocb.aio_nbytes = c->size + TAG;
	ASSERT_EQ(0, syscall(SYS_io_setup, 1, &aio));
	taken = pins_taken();
	ASSERT_EQ(1, syscall(SYS_io_submit, aio, 1, iocbs));
	ASSERT_EQ(1, syscall(SYS_io_getevents, aio, 1, 1, &event, NULL));
	EXPECT_EQ(c->size + TAG, event.res);
	EXPECT_EQ((c->size + TAG) / PAGE, pins_taken() - taken);
	EXPECT_EQ(0, pins_held());
	if (variant->kind == EXT4) {
		EXPECT_EQ((c->size + TAG) / PAGE, dirty_pages(&c->m));
		EXPECT_FINE(data_lost(&c->m));
	}
	memcpy(secret, c->m.p, c->size + TAG);
	ASSERT_EQ(0, cipher_in(c, ALG_OP_DECRYPT, secret, c->size + TAG));
	EXPECT_EQ(0, cipher_out(c, c->m.p, c->size));
	EXPECT_EQ(0, memcmp(plain, c->m.p, c->size));
	syscall(SYS_io_destroy, aio);
}

/* Killed in the middle of it, over and over. */
TEST_F(memory, killed)
{
	struct client *c = &self->c;
	int i;

	SKIP_IF(client_open(c, "hash", "sha256"));
	for (i = 0; i < 20; i++) {
		pid_t pid = fork();

		ASSERT_LE(0, pid);
		if (!pid) {
			while (!hash_all(c))
				;
			_exit(0);
		}
		usleep(20000 + i * 1000);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		EXPECT_EQ(0, pins_left());
	}
}

TEST_HARNESS_MAIN
