/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whom a watched tree asks: sockets of brokers, who act outside every tree for those who ask
 * them. Known by the address that they bound, which no link, mount or chroot of the asker
 * changes.
 */
#ifndef PAWL_NET_H
#define PAWL_NET_H

#include "judge.h"

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define SOCK_DGRAM 2
#define UNIX_PATH_MAX 108
#define UNIX_TEXT 128 /* a power of two, for the verifier */

struct address_walk {
	char text[UNIX_TEXT];
	u64 hash;
	u32 length;
	u32 digits; /* inside a run of digits */
	u32 broker; /* index + 1; 0: none */
};

static __always_inline void address_find(struct address_walk *walk, u64 hash)
{
	u32 *index = bpf_map_lookup_elem(&brokers, &hash);

	if (index)
		walk->broker = *index + 1;
}

/* One byte; a run of digits counts as one '#'. The longest pattern that matches stands. */
static long address_step(u32 index, void *ctx)
{
	struct address_walk *walk = ctx;
	char byte;

	if (index >= walk->length)
		return 1;
	byte = walk->text[index & (UNIX_TEXT - 1)];
	if (byte >= '0' && byte <= '9') {
		if (walk->digits)
			return 0;
		walk->digits = 1;
		byte = '#';
	} else {
		walk->digits = 0;
	}
	address_find(walk, PAWL_HASH_STEP(walk->hash, '*'));
	walk->hash = PAWL_HASH_STEP(walk->hash, byte);
	return 0;
}

static __always_inline void net_walk(struct address_walk *walk)
{
	walk->hash = opaque(PAWL_HASH_INIT);
	walk->digits = opaque(0);
	walk->broker = opaque(0);
	bpf_loop(UNIX_TEXT, address_step, walk, 0);
	address_find(walk, walk->hash);
}

/* The broker that listens at @address, + 1; 0: none. *ret_hash: of the address. */
static __noinline u32 net_find(struct unix_address *address, u64 *ret_hash)
{
	struct address_walk walk = {};
	u32 length = BPF_CORE_READ(address, len);

	length -= __builtin_offsetof(struct sockaddr_un, sun_path);
	if (!length || length > UNIX_PATH_MAX)
		return 0;
	bpf_probe_read_kernel(walk.text, UNIX_PATH_MAX,
			      (void *)address + bpf_core_field_offset(struct unix_address, name) +
				      __builtin_offsetof(struct sockaddr_un, sun_path));
	if (!walk.text[0])
		walk.text[0] = '@'; /* abstract */
	else if (!walk.text[(length - 1) & (UNIX_TEXT - 1)])
		length--; /* a path's NUL counts in the length, or not */
	walk.length = length;
	net_walk(&walk);
	*ret_hash = walk.hash;
	return walk.broker;
}

/* The broker at the socket @peer, + 1; 0: none. Fills where it is. */
static __noinline u32 net_of_unix(struct sock *peer, struct attempt *attempt)
{
	struct unix_sock *sock = (struct unix_sock *)peer;
	struct unix_address *address = BPF_CORE_READ(sock, addr);

	if (!address)
		return 0;
	attempt->dentry = BPF_CORE_READ(sock, path.dentry); /* NULL: abstract */
	attempt->mnt = BPF_CORE_READ(sock, path.mnt);
	return net_find(address, &attempt->ino);
}

static __always_inline int net_ask(struct pawl_task *mark, struct attempt *attempt, u32 broker)
{
	if (!broker)
		return 0;
	attempt->class = PAWL_CLASS_BROKER;
	attempt->detail = PAWL_DETAIL_CONNECT;
	attempt->broker = broker - 1;
	return judge(mark, attempt);
}

/* The socket of @other is asked; @otherwise: the broker + 1 that it is where no other has it. */
static __noinline int net_unix(struct pawl_task *mark, struct sock *other, u32 otherwise)
{
	struct attempt attempt = {};
	u32 broker = net_of_unix(other, &attempt);

	return net_ask(mark, &attempt, broker ? broker : otherwise);
}

/* A watched task listens: its tree may connect. */
static __always_inline int net_listen(struct socket *socket)
{
	struct pawl_task *mark = task_current();
	u64 ino;
	u32 id;

	if (!mark || BPF_CORE_READ(socket, sk, __sk_common.skc_family) != AF_UNIX)
		return 0;
	ino = BPF_CORE_READ(socket, file, f_inode, i_ino);
	id = mark->id;
	bpf_map_update_elem(&listeners, &ino, &id, BPF_ANY); /* else it is as somebody else's */
	return 0;
}

static __always_inline int net_stream(struct sock *other)
{
	struct pawl_task *mark = task_current();
	u64 ino;
	u32 *id;

	if (!mark)
		return 0;
	ino = BPF_CORE_READ(other, sk_socket, file, f_inode, i_ino);
	id = bpf_map_lookup_elem(&listeners, &ino);
	return id && *id == mark->id ? 0 : net_unix(mark, other, PAWL_BROKER_SOCKETS + 1);
}

/* Each datagram asks anew. What is sent by a connection was asked for with that. */
static __always_inline int net_datagram(struct socket *other)
{
	struct pawl_task *mark = task_current();

	if (!mark || BPF_CORE_READ(other, type) != SOCK_DGRAM)
		return 0;
	return net_unix(mark, BPF_CORE_READ(other, sk), 0);
}

struct inet_address {
	u16 family;
	u8 rest[26]; /* port; then IPv4's address, or IPv6's flow and address */
} __attribute__((aligned(8)));

/* Every address of 127.0.0.0/8 is this host, whatever it listens on. */
static __always_inline u64 net_hash(const struct inet_address *to)
{
	u64 hash = PAWL_HASH_STEP(PAWL_HASH_INIT, to->family);
	bool six = to->family == AF_INET6;

	if (!six && to->rest[2] == 127) {
		hash = PAWL_HASH_STEP(hash, 127);
		hash = PAWL_HASH_STEP(hash, 0);
		hash = PAWL_HASH_STEP(hash, 0);
		hash = PAWL_HASH_STEP(hash, 1);
	} else {
		for (int i = 0; i < 16; i++) {
			if (i < (six ? 16 : 4))
				hash = PAWL_HASH_STEP(hash, to->rest[(six ? 6 : 2) + i]);
		}
	}
	hash = PAWL_HASH_STEP(hash, to->rest[0]);
	return PAWL_HASH_STEP(hash, to->rest[1]);
}

/* IPv4 as IPv6 writes it, ::ffff:a.b.c.d, is IPv4. */
static __always_inline void net_unmap(struct inet_address *to)
{
	u64 *words = (u64 *)&to->rest[6];

	if (to->family != AF_INET6 || words[0] || *(u32 *)&to->rest[14] != 0xffff0000)
		return;
	to->family = AF_INET;
	*(u32 *)&to->rest[2] = *(u32 *)&to->rest[18];
}

static __always_inline u32 net_find_inet(struct inet_address *to, struct attempt *attempt)
{
	u32 *index;

	net_unmap(to);
	if (to->family != AF_INET && to->family != AF_INET6)
		return 0;
	attempt->ino = net_hash(to);
	index = bpf_map_lookup_elem(&brokers, &attempt->ino);
	return index ? *index + 1 : 0;
}

/* The broker that a connected socket speaks with, + 1; 0: none. */
static __always_inline u32 net_of_inet(struct sock *sock, struct attempt *attempt)
{
	struct inet_address to = {.family = BPF_CORE_READ(sock, __sk_common.skc_family)};
	u16 port = BPF_CORE_READ(sock, __sk_common.skc_dport);

	__builtin_memcpy(&to.rest[0], &port, sizeof(port));
	if (to.family == AF_INET)
		*(u32 *)&to.rest[2] = BPF_CORE_READ(sock, __sk_common.skc_daddr);
	else if (to.family == AF_INET6)
		BPF_CORE_READ_INTO(&to.rest[6], sock, __sk_common.skc_v6_daddr);
	return net_find_inet(&to, attempt);
}

static __noinline int net_inet(struct pawl_task *mark, struct sockaddr *address)
{
	struct inet_address to = {};
	struct attempt attempt = {};

	bpf_probe_read_kernel(&to, sizeof(to), address);
	return net_ask(mark, &attempt, net_find_inet(&to, &attempt));
}

static __always_inline int net_connect(struct sockaddr *address)
{
	struct pawl_task *mark = task_current();

	return mark ? net_inet(mark, address) : 0;
}

#endif
