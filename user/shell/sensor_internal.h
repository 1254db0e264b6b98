/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the sensor share: the loaded object and what hangs on it. */
#ifndef PAWL_SHELL_SENSOR_INTERNAL_H
#define PAWL_SHELL_SENSOR_INTERNAL_H

#include <bpf/libbpf.h>

/* first: the skeleton uses its types */
#include "user/shell/sensor.h"

#include "pawl.skel.h"

struct pawl_sensor {
	struct pawl_bpf *bpf;
	enum pawl_backend backend;
	struct ring_buffer *verdicts, *events;
	pawl_sensor_record_fn on_verdict, on_event;
	void *ctx;
	unsigned int verdicts_taken, events_taken; /* in this round */
	struct pawl_session *sessions;
	size_t sessions_size;
	bool tested[PAWL_HOOKS_MAX * 2]; /* by position in hook_programs */
	bool adopted;			 /* its maps are those of an earlier pawld */
	bool was_hooked;		 /* by them */
	char *pin_dir; /* where all is pinned, once it is; NULL: not yet, or never */
};

/* Gives the object, opened but not loaded, the maps that are pinned in @dir. 0; -ESTALE. */
int pawl_sensor_reuse_maps(struct pawl_bpf *bpf, const char *dir);

/* Switches on the programs of one backend, as far as this kernel has their hooks. */
void pawl_sensor_choose_programs(struct pawl_bpf *bpf, enum pawl_backend backend);

/* A link that is to go is no object of ours any more. */
void pawl_sensor_forget_link(struct pawl_sensor *sensor, const struct bpf_link *link);

/* Pins the link of one program as "DIR/NAME-GENERATION", in place of what is there. 0 or -errno. */
int pawl_sensor_pin(const struct pawl_sensor *sensor, const char *dir,
		    const struct bpf_prog_skeleton *program);
void pawl_sensor_unpin(const struct pawl_sensor *sensor, const char *dir,
		       const struct bpf_prog_skeleton *program);

#endif
