// SPDX-License-Identifier: GPL-2.0-only
/*
 * What io_uring's fixed buffers cost: to register one and to give it back, and to
 * read from a file in memory to its end and to its start, which have to be found
 * in it.
 *
 * work_uring uring-buffers KIND MB
 * work_uring uring-read KIND MB PAGES...
 */
/* LIBS: -luring */
#define _GNU_SOURCE
#include <liburing.h>

#include "kinds.h"

#define READS	1000

static struct io_uring ring;
static struct iovec buffer;
static size_t len;
static int file;

static void reg(void)
{
	need(!io_uring_register_buffers(&ring, &buffer, 1),
	     "IORING_REGISTER_BUFFERS");
}

static void unreg(void)
{
	need(!io_uring_unregister_buffers(&ring), "IORING_UNREGISTER_BUFFERS");
}

static void read_to(char *p)
{
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	int i;

	for (i = 0; i < READS; i++) {
		sqe = io_uring_get_sqe(&ring);
		io_uring_prep_read_fixed(sqe, file, p, len, 0, 0);
		need(io_uring_submit_and_wait(&ring, 1) == 1 &&
		     !io_uring_peek_cqe(&ring, &cqe) && cqe->res == len,
		     "IORING_OP_READ_FIXED");
		io_uring_cqe_seen(&ring, cqe);
	}
}

static void *last(void)
{
	return buffer.iov_base + buffer.iov_len - len;
}

static void read_to_end(void)
{
	read_to(last());
}

static void read_to_start(void)
{
	read_to(buffer.iov_base);
}

/* Forget what was read. */
static void prepare(void)
{
	memset(buffer.iov_base, 0, len);
	memset(last(), 0, len);
}

static void check_end(void)
{
	need(*(char *)last() == 'x', "nothing was read");
}

static void check_start(void)
{
	need(*(char *)buffer.iov_base == 'x', "nothing was read");
}

static void make_file(void)
{
	char *text = malloc(len);

	file = memfd_create("work", MFD_CLOEXEC);
	memset(text, 'x', len);
	need(file >= 0 && write(file, text, len) == len, "a file in memory");
	free(text);
}

static void buffers(struct work *w)
{
	w->calls = buffer.iov_len / PAGE;
	w->pages = w->calls;
	w->acquire = reg;
	w->release = unreg;
	work_run(w);
}

static void reads(struct work *w, const char *pages)
{
	w->calls = atol(pages);
	w->pages = READS;
	len = w->calls * PAGE;
	make_file();
	w->prepare = prepare;
	w->acquire = read_to_end;
	w->check = check_end;
	w->release = read_to_start;
	w->finish = check_start;
	work_run(w);
	close(file);
}

int main(int argc, char **argv)
{
	struct work w = { .rounds = 3 };
	int i;

	need(argc >= 4, "MODE KIND MB [PAGES...]");
	w.mode = argv[1];
	w.kind = argv[2];
	buffer.iov_len = atol(argv[3]) * MB;
	buffer.iov_base = memory_of(w.kind, buffer.iov_len);
	need(!io_uring_queue_init(4, &ring, 0), "io_uring");
	if (!strcmp(w.mode, "uring-buffers")) {
		buffers(&w);
		return 0;
	}
	reg();
	for (i = 4; i < argc; i++)
		reads(&w, argv[i]);
	return 0;
}
