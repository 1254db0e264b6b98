/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Part of main: tells the kernel where pawl's own files are, what brokers will run, what places
 * are temporary, and how brokers are reached. It knows the files as they are now, and of brokers
 * the names: what else appears later is found when the policy is loaded again.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <ifaddrs.h>
#include <limits.h>
#include <linux/magic.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "user/core/cleanup.h"
#include "user/shell/main.h"

#define CONFIG_DIR "/etc/pawl"

/* What is to be marked, and whether all of it fitted. */
struct marking {
	struct pawl_place_key keys[PAWL_MAX_PLACES];
	struct pawl_place places[PAWL_MAX_PLACES];
	size_t n;
	bool full;
};

/* The number of the mount that @fd lies in; -1 where it cannot be told. */
static long mount_of(int fd)
{
	static const char key[] = "mnt_id:";
	char name[64], line[128];
	_cleanup_fclose_ FILE *info = NULL;

	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", fd);
	info = fopen(name, "re");
	while (info && fgets(line, sizeof(line), info)) {
		if (!strncmp(line, key, sizeof(key) - 1))
			return strtol(line + sizeof(key) - 1, NULL, 10);
	}
	return -1;
}

/*
 * The device of the file system that @path lies in, as the kernel's programs see it. stat(2)
 * has another one for each subvolume of a btrfs. Lines are "MOUNT PARENT MAJOR:MINOR ...".
 */
static dev_t device_of(const char *path, dev_t device)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_CLOEXEC);
	_cleanup_fclose_ FILE *mounts = NULL;
	char line[PATH_MAX], *at;
	unsigned long number;
	struct statfs fs;
	long mount;

	if (fd < 0 || fstatfs(fd, &fs) < 0 || fs.f_type != BTRFS_SUPER_MAGIC)
		return device;
	mount = mount_of(fd);
	mounts = fopen("/proc/self/mountinfo", "re");
	while (mounts && fgets(line, sizeof(line), mounts)) {
		if (strtol(line, &at, 10) != mount)
			continue;
		strtoul(at, &at, 10); /* the mount above */
		number = strtoul(at, &at, 10);
		return makedev(number, strtoul(at + 1, NULL, 10));
	}
	return device;
}

static void mark(struct marking *marking, const struct pawl_place_key *key, uint32_t flags,
		 uint32_t broker)
{
	size_t i = 0;

	while (i < marking->n &&
	       (marking->keys[i].dev != key->dev || marking->keys[i].ino != key->ino))
		i++;
	if (i == PAWL_MAX_PLACES) {
		marking->full = true;
		return;
	}
	if (i == marking->n)
		marking->n++;
	marking->keys[i] = *key;
	marking->places[i].flags |= flags;
	if (flags & (PAWL_PLACE_SPOOL | PAWL_PLACE_TEMP))
		marking->places[i].broker = broker;
}

static bool key_of(const char *path, struct pawl_place_key *ret_key)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return false;
	*ret_key = (struct pawl_place_key){.dev = device_of(path, st.st_dev), .ino = st.st_ino};
	return true;
}

static void mark_inode(struct marking *marking, const char *path, uint32_t flags, uint32_t broker)
{
	struct pawl_place_key key;

	if (key_of(path, &key))
		mark(marking, &key, flags, broker);
}

/*
 * What will be at @path, by the name in its directory; where that is not there either, what will
 * be in its place. But for a hidden directory in somebody's home: ~/.ssh is not all for keys.
 */
static void mark_name(struct marking *marking, const char *path, uint32_t flags, uint32_t broker)
{
	_cleanup_free_ char *dir = strdup(path);
	struct pawl_place_key key;
	uint64_t hash = PAWL_HASH_INIT;
	char *slash;

	while (dir && (slash = strrchr(dir, '/')) && slash != dir) {
		*slash = 0;
		if (key_of(dir, &key))
			break;
	}
	if (!dir || !slash || slash == dir)
		return;
	if (flags & PAWL_PLACE_SPOOL && slash[1] == '.' && slash - dir < strrchr(path, '/') - path)
		return;
	mark(marking, &key, PAWL_PLACE_NAMES, 0);
	for (int i = 1; i < PAWL_PLACE_NAME_BYTES && slash[i] && slash[i] != '/'; i++)
		hash = PAWL_HASH_STEP(hash, (uint8_t)slash[i]);
	key.dev |= PAWL_PLACE_NAMED;
	key.ino ^= hash;
	mark(marking, &key, flags, broker);
}

/* A file or directory of pawl's own, and all above it but "/". */
static void mark_own(struct marking *marking, const char *path)
{
	_cleanup_free_ char *real = path ? realpath(path, NULL) : NULL;
	char *slash;

	if (!real && path)
		mark_name(marking, path, PAWL_PLACE_OWN, 0);
	if (!real)
		return;
	mark_inode(marking, real, PAWL_PLACE_OWN, 0);
	while ((slash = strrchr(real, '/')) && slash != real) {
		*slash = 0;
		mark_inode(marking, real, PAWL_PLACE_ABOVE, 0);
	}
}

/*
 * The programs and libraries that pawld has in memory: written in place, they would change under
 * it. A package may still replace them.
 */
static void mark_text(struct marking *marking)
{
	_cleanup_fclose_ FILE *maps = fopen("/proc/self/maps", "re");
	char line[PATH_MAX + 128], *path;

	while (maps && fgets(line, sizeof(line), maps)) {
		line[strcspn(line, "\n")] = 0;
		path = strchr(line, '/');
		if (path && strstr(line, " r-xp "))
			mark_inode(marking, path, PAWL_PLACE_TEXT, 0);
	}
}

/* The service's unit, what is dropped in beside it, and the link by which it starts at boot. */
static void mark_units(struct marking *marking)
{
	static const char *const patterns[] = {
		"/etc/systemd/system/pawl*",	 "/etc/systemd/system/*.wants/pawl*",
		"/run/systemd/system/pawl*",	 "/lib/systemd/system/pawl*",
		"/usr/lib/systemd/system/pawl*", "/usr/local/lib/systemd/system/pawl*",
	};
	struct pawl_place_key key;
	struct stat link;
	glob_t found;

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		if (glob(patterns[i], 0, NULL, &found) != 0)
			continue;
		for (size_t p = 0; p < found.gl_pathc; p++) {
			mark_own(marking, found.gl_pathv[p]);
			if (lstat(found.gl_pathv[p], &link) < 0)
				continue;
			key = (struct pawl_place_key){.dev = link.st_dev, .ino = link.st_ino};
			mark(marking, &key, PAWL_PLACE_OWN, 0);
		}
		globfree(&found);
	}
}

/* The control group at @path below @mount, and those above it: what freezes them freezes pawld. */
static void mark_cgroup(struct marking *marking, const char *mount, const char *path)
{
	char dir[PATH_MAX], *slash;
	size_t base = strlen(mount);

	if (!strcmp(path, "/") ||
	    snprintf(dir, sizeof(dir), "%s%s", mount, path) >= (int)sizeof(dir))
		return;
	mark_inode(marking, dir, PAWL_PLACE_OWN, 0);
	while ((slash = strrchr(dir, '/')) && (size_t)(slash - dir) > base) {
		*slash = 0;
		mark_inode(marking, dir, PAWL_PLACE_ABOVE, 0);
	}
}

/* cgroups(7): "0::PATH" of v2, "N:CONTROLLERS:PATH" of the others. */
static void mark_cgroups(struct marking *marking)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/self/cgroup", "re");
	char line[PATH_MAX], mount[128], *controllers, *path;

	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		controllers = strchr(line, ':');
		path = controllers ? strchr(controllers + 1, ':') : NULL;
		if (!path)
			continue;
		*path++ = 0;
		controllers++;
		if (*controllers) {
			snprintf(mount, sizeof(mount), "/sys/fs/cgroup/%s",
				 strncmp(controllers, "name=", 5) ? controllers : controllers + 5);
			mark_cgroup(marking, mount, path);
			continue;
		}
		mark_cgroup(marking, "/sys/fs/cgroup", path);
		mark_cgroup(marking, "/sys/fs/cgroup/unified", path);
	}
}

static void mark_own_places(struct daemon *daemon, struct marking *marking)
{
	const struct options *options = &daemon->options;

	mark_own(marking, "/proc/self/exe");
	/* whoever may write there decides what the policy will be, even where none is yet */
	mark_own(marking, options->config ? options->config : CONFIG_DIR);
	if (options->config && !strncmp(options->config, CONFIG_DIR "/", sizeof(CONFIG_DIR)))
		mark_own(marking, CONFIG_DIR);
	mark_own(marking, options->state_dir);
	mark_own(marking, options->pin_dir);
	mark_own(marking, options->socket);
	if (strcmp(options->log, "-") != 0)
		mark_own(marking, options->log);
	mark_text(marking);
	mark_units(marking);
	mark_cgroups(marking);
}

static void mark_spools(const struct pawl_policy *policy, struct marking *marking)
{
	/* backwards: what an earlier one marks as well is the earlier one's */
	for (size_t i = policy->brokers_n; i-- > 0;) {
		const struct pawl_policy_broker *broker = &policy->brokers[i];

		for (size_t a = 0; a < broker->addresses_n; a++) {
			if (broker->addresses[a].kind != PAWL_ADDRESS_PATH)
				continue;
			mark_inode(marking, broker->addresses[a].text, PAWL_PLACE_SPOOL,
				   (uint32_t)i);
			mark_name(marking, broker->addresses[a].text, PAWL_PLACE_SPOOL,
				  (uint32_t)i);
		}
	}
}

static void mark_temporary(const struct pawl_policy *policy, struct marking *marking)
{
	struct pawl_place_key key;

	for (size_t i = 0; i < policy->temporary_n; i++) {
		if (key_of(policy->temporary[i], &key))
			mark(marking, &key, PAWL_PLACE_TEMP, (uint32_t)i);
		else
			daemon_say("warning: there is no %s now: what is moved there is not "
				   "counted until the policy is loaded again",
				   policy->temporary[i]);
	}
}

struct pawl_broker daemon_broker_terms(const struct pawl_policy *policy, uint32_t index)
{
	struct pawl_broker terms = {PAWL_ACTION_OBSERVE, PAWL_ACTION_OBSERVE};

	if (policy->mode == PAWL_MODE_ENFORCE && index < policy->brokers_n)
		terms = policy->brokers[index].terms;
	return terms;
}

/* Addresses that brokers have now. */
struct addresses {
	struct pawl_sensor *sensor;
	uint64_t hashes[PAWL_MAX_BROKERS * PAWL_BROKER_ADDRESSES];
	size_t n;
};

static int add_hash(struct addresses *addresses, uint64_t hash, uint32_t broker)
{
	int r;

	if (addresses->n == sizeof(addresses->hashes) / sizeof(addresses->hashes[0]))
		return -E2BIG;
	r = pawl_sensor_add_broker_address(addresses->sensor, hash, broker);
	if (r == 0)
		addresses->hashes[addresses->n++] = hash;
	return r;
}

/* One address of this host, on one port. The kernel looks "::ffff:a.b.c.d" up as a.b.c.d. */
static int add_inet(struct addresses *addresses, const struct sockaddr *address, uint16_t port,
		    uint32_t broker)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
	const struct sockaddr_in *four = (const struct sockaddr_in *)address;
	uint8_t plain[4];
	uint16_t port_be = htons(port);

	if (address->sa_family == AF_INET6)
		return add_hash(addresses,
				pawl_broker_hash_inet(AF_INET6, six->sin6_addr.s6_addr, port_be),
				broker);
	if (address->sa_family != AF_INET)
		return 0;
	memcpy(plain, &four->sin_addr, sizeof(plain));
	return add_hash(addresses, pawl_broker_hash_inet(AF_INET, plain, port_be), broker);
}

/* All the host's addresses, among them those that stand for any: they are loopback to connect(). */
static int add_port(struct addresses *addresses, const struct ifaddrs *interfaces, uint16_t port,
		    uint32_t broker)
{
	const struct sockaddr_in any4 = {.sin_family = AF_INET};
	const struct sockaddr_in loopback4 = {.sin_family = AF_INET,
					      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT};
	const struct sockaddr_in6 loopback6 = {.sin6_family = AF_INET6,
					       .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	const struct sockaddr *const always[] = {(const struct sockaddr *)&any4,
						 (const struct sockaddr *)&loopback4,
						 (const struct sockaddr *)&any6,
						 (const struct sockaddr *)&loopback6};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(always) / sizeof(always[0]); i++)
		r = add_inet(addresses, always[i], port, broker);
	for (const struct ifaddrs *at = interfaces; r == 0 && at; at = at->ifa_next) {
		if (at->ifa_addr)
			r = add_inet(addresses, at->ifa_addr, port, broker);
	}
	return r;
}

/*
 * The addresses of one kind. Backwards: one that two brokers have is the earlier one's, who
 * is added last.
 */
static int add_all(struct addresses *addresses, const struct pawl_policy *policy,
		   enum pawl_address_kind kind, const struct ifaddrs *interfaces)
{
	bool prefix;
	int r = 0;

	for (size_t i = policy->brokers_n; r == 0 && i-- > 0;) {
		const struct pawl_policy_broker *broker = &policy->brokers[i];

		for (size_t a = 0; r == 0 && a < broker->addresses_n; a++) {
			const struct pawl_address *address = &broker->addresses[a];

			if (address->kind != kind)
				continue;
			r = kind == PAWL_ADDRESS_PORT
				    ? add_port(addresses, interfaces, address->port, (uint32_t)i)
				    : add_hash(addresses, pawl_broker_hash(address->text, &prefix),
					       (uint32_t)i);
		}
	}
	return r;
}

/* Sockets first: they fit for sure, while a host may have any number of addresses. */
static int load_addresses(struct daemon *daemon)
{
	_cleanup_free_ struct addresses *addresses = calloc(1, sizeof(*addresses));
	struct ifaddrs *interfaces = NULL;
	int r;

	if (!addresses)
		return -ENOMEM;
	addresses->sensor = daemon->sensor;
	if (getifaddrs(&interfaces) < 0) {
		daemon_say("warning: this host's addresses cannot be read: %s: brokers by port are "
			   "known on loopback alone",
			   strerror(errno));
		interfaces = NULL;
	}
	r = add_all(addresses, daemon->policy, PAWL_ADDRESS_SOCKET, NULL);
	if (r == 0)
		r = add_all(addresses, daemon->policy, PAWL_ADDRESS_PORT, interfaces);
	if (r == -E2BIG) {
		daemon_say("warning: this host's addresses are too many for brokers by port: on "
			   "some, they are not known; fewer ports in brokers help");
		r = 0;
	}
	if (interfaces)
		freeifaddrs(interfaces);
	return r < 0 ? r
		     : pawl_sensor_keep_broker_addresses(daemon->sensor, addresses->hashes,
							 addresses->n);
}

int daemon_load_places(struct daemon *daemon)
{
	_cleanup_free_ struct marking *marking = calloc(1, sizeof(*marking));
	struct pawl_broker terms;
	int r = marking ? 0 : -ENOMEM;

	for (uint32_t i = 0; r == 0 && i < PAWL_MAX_BROKERS; i++) {
		terms = daemon_broker_terms(daemon->policy, i);
		r = pawl_sensor_set_broker(daemon->sensor, i, &terms);
	}
	if (r == 0)
		r = load_addresses(daemon);
	if (r < 0)
		return r;
	mark_own_places(daemon, marking);
	mark_temporary(daemon->policy, marking);
	mark_spools(daemon->policy, marking);
	r = pawl_sensor_replace_places(daemon->sensor, marking->keys, marking->places, marking->n);
	if (marking->full || r == -E2BIG)
		daemon_say("warning: more than %d places: some paths of brokers are not known",
			   PAWL_MAX_PLACES);
	return r == -E2BIG ? 0 : r;
}
