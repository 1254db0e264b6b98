/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps counts and names of directories for each session. It must not look at the file
 * system: what is known is what the kernel said.
 */
#include "user/core/assess.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 4096

struct directory {
	struct directory *next;
	struct pawl_dir_key key;
	uint64_t count;
	char *path; /* NULL: not named yet */
};

struct pawl_assess {
	struct directory *buckets[BUCKETS];
	size_t n;
};

int pawl_assess_new(struct pawl_assess **ret_assess)
{
	struct pawl_assess *assess = calloc(1, sizeof(*assess));

	if (!assess)
		return -ENOMEM;
	*ret_assess = assess;
	return 0;
}

static void directory_free(struct directory *directory)
{
	free(directory->path);
	free(directory);
}

void pawl_assess_free(struct pawl_assess *assess)
{
	struct directory *directory;

	if (!assess)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while ((directory = assess->buckets[i])) {
			assess->buckets[i] = directory->next;
			directory_free(directory);
		}
	}
	free(assess);
}

static size_t bucket_of(const struct pawl_dir_key *key)
{
	uint64_t mix = key->ino * 0x9e3779b97f4a7c15ULL;

	mix = (mix ^ key->hash ^ key->dev) * 0x9e3779b97f4a7c15ULL;
	mix = (mix ^ key->id ^ (uint64_t)key->class << 32) * 0x9e3779b97f4a7c15ULL;
	return mix >> 52;
}

static struct directory *lookup(const struct pawl_assess *assess, const struct pawl_dir_key *key)
{
	struct directory *directory = assess->buckets[bucket_of(key)];

	while (directory && memcmp(&directory->key, key, sizeof(*key)))
		directory = directory->next;
	return directory;
}

static int ensure(struct pawl_assess *assess, const struct pawl_dir_key *key,
		  struct directory **ret_directory)
{
	struct directory *directory = lookup(assess, key);

	if (!directory) {
		if (assess->n >= PAWL_ASSESS_MAX)
			return -ENOSPC;
		directory = calloc(1, sizeof(*directory));
		if (!directory)
			return -ENOMEM;
		directory->key = *key;
		directory->next = assess->buckets[bucket_of(key)];
		assess->buckets[bucket_of(key)] = directory;
		assess->n++;
	}
	*ret_directory = directory;
	return 0;
}

int pawl_assess_name(struct pawl_assess *assess, const struct pawl_dir_key *key, const char *path)
{
	struct directory *directory;
	int r = ensure(assess, key, &directory);

	if (r < 0 || directory->path)
		return r;
	directory->path = strdup(path);
	return directory->path ? 0 : -ENOMEM;
}

int pawl_assess_count(struct pawl_assess *assess, const struct pawl_dir_key *key, uint64_t count,
		      uint64_t *ret_new)
{
	struct directory *directory;
	uint64_t before;
	int r = ensure(assess, key, &directory);

	if (r < 0)
		return r;
	/* an aggregate that the kernel dropped starts again from one */
	before = count >= directory->count ? directory->count : 0;
	directory->count = count;
	if (ret_new)
		*ret_new = count - before;
	return 0;
}

const char *pawl_assess_path(const struct pawl_assess *assess, const struct pawl_dir_key *key)
{
	const struct directory *directory = lookup(assess, key);

	return directory && directory->path ? directory->path : "";
}

/* Puts @directory where it belongs among the @n best so far. Return: the new n. */
static size_t insert(struct pawl_assessed *top, size_t n, size_t max,
		     const struct directory *directory)
{
	size_t at = n;

	while (at && top[at - 1].count < directory->count)
		at--;
	if (at >= max)
		return n;
	if (n < max)
		n++;
	memmove(&top[at + 1], &top[at], (n - at - 1) * sizeof(*top));
	top[at] = (struct pawl_assessed){
		.session = directory->key.id,
		.class = directory->key.class,
		.count = directory->count,
		.path = directory->path ? directory->path : "",
	};
	return n;
}

size_t pawl_assess_top(const struct pawl_assess *assess, uint32_t session,
		       struct pawl_assessed *ret_top, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < BUCKETS; i++) {
		for (const struct directory *d = assess->buckets[i]; d; d = d->next) {
			if (d->key.id == session && d->count)
				n = insert(ret_top, n, max, d);
		}
	}
	return n;
}

void pawl_assess_forget(struct pawl_assess *assess, uint32_t session)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct directory **at = &assess->buckets[i], *directory;

		while ((directory = *at)) {
			if (directory->key.id != session) {
				at = &directory->next;
				continue;
			}
			*at = directory->next;
			directory_free(directory);
			assess->n--;
		}
	}
}
