/* SPDX-License-Identifier: GPL-3.0-or-later
 * vm.h - a virtual machine: memory, buses, time, devices, vCPUs, and the loop that runs them.
 * Rule: the loop knows exits and time; it knows no device and no engine by name.
 */
#ifndef VITRINE_CORE_VM_H
#define VITRINE_CORE_VM_H

#include "core/base/log.h"
#include "core/breaks.h"
#include "core/bus.h"
#include "core/clock.h"
#include "core/device.h"
#include "core/event.h"
#include "core/frame.h"
#include "core/mem.h"
#include "core/paging.h"
#include "core/vcpu.h"
#include "core/watches.h"
#include "core/x86/cpuid.h"

enum { VM_VCPUS = 8, VM_DEVICES = 64, VM_FIRST_USES = 32 };
#define VM_MEM_MAX (64ull << 30)  /* bytes of guest memory at most */
#define VM_QUANTUM 10000u         /* instructions of one turn, when several vCPUs share the thread */

/* Where something from outside came from: the source of an input event. */
enum input_source { INPUT_RANDOM, INPUT_SERIAL, INPUT_KEY, INPUT_TIME, INPUT_NET, INPUT_CONSOLE, INPUT_MOUSE, INPUT_BUTTON,
		    INPUT_IRQ, INPUT_FAULT, INPUT_BALLOON, INPUT_SOURCES };

enum stop_why {
	STOP_NONE,
	STOP_POWER_OFF,    /* the guest asked: status says how */
	STOP_HALTED,       /* HLT, and nothing can ever wake it */
	STOP_TRIPLE_FAULT, /* the guest died */
	STOP_BUDGET,       /* the budget is used up */
	STOP_USER,         /* vm_request_stop: Ctrl-C */
	STOP_EVENT,        /* a subscriber answered EV_STOP */
	STOP_ERROR,        /* host trouble: err says what */
};
const char *stop_why_name(enum stop_why why);

/* Which events leave the guest; VT-x control names (SDM 3C 24.6).  CPUID, XSETBV, I/O and VMCALL always exit. */
struct vm_controls {
	u32 exception_bitmap;  /* bit per vector */
	bool hlt_exiting;      /* on by default */
	bool cr8_exiting;      /* MOV CR8 is the local APIC's affair; on if there are local APICs */
	bool rdtsc_exiting, invlpg_exiting, cr3_exiting, mov_dr_exiting, pause_exiting, wbinvd_exiting, rdpmc_exiting;
	u64 cr0_mask, cr4_mask; /* bits whose change exits (the guest/host masks, SDM 3C 24.6.6) */
	bool efer_exiting;      /* WRMSR that changes IA32_EFER (the MSR bitmap, SDM 3C 24.6.9) */
	bool rdrand_exiting, rdseed_exiting; /* on by default: random numbers are outside input */
};

/* Where message-signalled interrupts go; the board sets it. */
struct vm_messages {
	void (*send)(void *arg, u64 address, u32 data);
	void *arg;
};

/* The host's files and sockets that may have something for the machine. */
struct vm_outside {
	/* Deliver what has come, by vm_receive.  wait_ns: sleep up to so long if there is
	 * nothing yet; every processor waits.  Returns the ns slept, by which virtual time then moves at least. */
	u64 (*poll)(void *arg, u64 wait_ns);
	void *arg;
};

/* Where the inputs of one source enter the machine; the board sets it. */
struct vm_inlet {
	bool (*take)(void *arg, const u8 *data, u32 len); /* false: not taken, as if it had not come */
	bool refuses; /* it may say no: so the event comes after the answer */
	void *arg;
};

/* Who runs the machine in pieces, when vm_run is called. */
struct vm_driver {
	enum stop_why (*run)(void *arg, u64 budget, struct err *err); /* NULL: in one piece */
	void *arg;
};

struct vm_config {
	const char *name;
	const struct engine *engine;
	u64 mem_size;        /* bytes of guest RAM; slots are added by the board */
	/* bytes of guest-physical space to reserve; 0 = RAM, 4 GiB and what is hidden above */
	u64 mem_span;
	u64 hidden_size;     /* bytes of large memory that the board hides from the guest (pc_hidden_size) */
	u32 cpus;            /* 1..VM_VCPUS */
	const struct cpu_model *cpu; /* NULL = default */
	u64 insn_ps;         /* virtual picoseconds per instruction, 0 = 1000 */
	u64 seed;            /* of RDRAND and everything random */
	enum paging_mode paging; /* the second stage of translation */
	u64 page_max;        /* its largest page, 0 = 2 MiB */
	u64 shadow_tables;   /* at most so many shadow tables, 0 = as many as are useful (core/paging.h) */
	bool check_paging;   /* core/paging-check.h: tables are checked as the guest runs */
	bool shadow_unsync;  /* leaf tables may be out of step until the guest flushes */
	enum dirty_way dirty; /* how written pages are found (core/dirty.h) */
	bool threads;        /* a host thread per vCPU: faster, and no run is like another (core/threads.h) */
	struct frames *machine; /* the machine to live in, which grows by what this VM needs; NULL: one of its own */
};

struct vm {
	const char *name;
	const struct engine *engine;
	void *engine_data;
	const struct cpu_model *cpu;
	struct frames *frames; /* the machine's memory; other VMs may live in it, too */
	struct mem mem;
	struct second_stage paging;
	struct bus port, mmio;
	struct clock clock;
	struct event_stream events;
	struct breaks breaks;  /* where EV_breakpoint is said; not state: no snapshot or hash knows it */
	struct watches watches; /* and EV_watch; likewise */
	struct log log;        /* by default each line becomes an EV_log event; one may set another sink */
	struct vm_controls controls;
	struct device *device[VM_DEVICES];
	u8 device_cpu[VM_DEVICES]; /* 0: of the VM; n + 1: of vCPU n alone */
	int ndevices;
	struct device_world world;
	struct vcpu vcpu[VM_VCPUS];
	u32 ncpus;
	u32 attention;         /* bit per vCPU: a pin of it, or its interrupt window, has to be looked at */
	struct vm_messages messages;
	struct threads *threads; /* NULL: all vCPUs take turns on the caller's thread */
	u64 next_poll;         /* virtual ns when outside.poll is called next */
	/* virtual ns at which vm_run stops as if the budget were used up; 0 = never.  No state */
	u64 deadline;
	struct vm_inlet inlet[INPUT_SOURCES];
	struct vm_driver driver;
	u64 openings;          /* looks at the outside so far (core/tape.h) */
	struct tape *tape;     /* NULL: what comes is not recorded */
	u64 rest_until;        /* all processors wait until this moment of virtual time, whatever happens */
	/* what happens has happened before: nothing that goes out may go out once more */
	bool past;
	const char *no_past;   /* why this machine cannot go back in time, or NULL */
	struct vm_outside outside; /* poll == NULL: nothing comes from outside; an idle guest's time jumps */
	u64 random;            /* state of the seeded generator */
	u64 mem_size;
	void (*put_byte)(void *arg, const char *channel, u8 byte); /* console sink, NULL = nowhere */
	void *put_arg;
	enum stop_why stop;    /* set by exit handlers and requests during a run */
	int stop_status;       /* process exit status asked for, with STOP_POWER_OFF */
	bool reset_wanted;
	bool refused;          /* the device asked for #GP(0) as answer to the MSR access */
	int user_stop;         /* set atomically by vm_request_stop */
	u64 exits;             /* handled so far */
	/* those of them that the guest caused (exit_is_guests); state: the same however a run is cut */
	u64 guest_exits;
	/* what came from outside so far; the generator's random numbers are not counted */
	u64 inputs;
	u32 turn;              /* the vCPU whose turn it is */
	u64 turn_used;         /* instructions of its turn that are gone */
	struct { u16 reason; u64 number; } first_use[VM_FIRST_USES]; /* unknown MSRs, hypercalls */
	int nfirst_uses;
};

struct vm *vm_create(const struct vm_config *config, struct err *err);
void vm_destroy(struct vm *vm);
/* Register a device: its claims go to the buses, its state into snapshots and hashes, in this order. */
int vm_add_device(struct vm *vm, struct device *d, struct err *err);
/* The same for a device that only processor `cpu` sees: its claims go to that vCPU's own buses. */
int vm_add_cpu_device(struct vm *vm, u32 cpu, struct device *d, struct err *err);
struct device *vm_find_device(struct vm *vm, const char *name);
/* Power-up: devices, then vCPUs.  RAM and the counts of instructions and time stay (as in a warm reset). */
void vm_reset(struct vm *vm);
/* The pins of processor n, as irq_line functions: irq_line{vm_intr_line, vm, n}. */
void vm_intr_line(void *vm, int n, int level);
void vm_nmi_line(void *vm, int n, int level);
/* INIT puts it into the state after INIT, waiting for SIPI, the bootstrap processor to its reset vector (SDM 3A 8.4,
 * table 9-1); SIPI starts one that waits at vector << 12, and is ignored by others. */
void vm_init_line(void *vm, int n, int level);
void vm_sipi(struct vm *vm, u32 cpu, u8 vector);

/* Run until something stops the machine or `budget` instructions have retired (0 = no limit; summed over vCPUs).
 * On return every vCPU is settled. */
enum stop_why vm_run(struct vm *vm, u64 budget, struct err *err);
/* Any thread, also a signal handler: vm_run returns STOP_USER soon. */
void vm_request_stop(struct vm *vm);
u64 vm_icount(const struct vm *vm);
/* Between runs: another engine executes from here on, from the same state.  On failure the machine is as before. */
int vm_switch_engine(struct vm *vm, const struct engine *engine, struct err *err);

int vm_subscribe(struct vm *vm, u32 mask, event_fn fn, void *arg);
void vm_unsubscribe(struct vm *vm, int id);
/* From now on EV_breakpoint is said before the instruction at this linear address executes, once for each time a
 * processor comes there; EV_STOP as answer stops before it.  Between runs only.  -ENOSPC; what was set twice is cleared
 * by the second clearing, and clearing one that is not there does nothing. */
int vm_break_set(struct vm *vm, u64 lin);
void vm_break_clear(struct vm *vm, u64 lin);
/* From now on EV_watch is said when a processor accesses a byte of it in one of its ways, also when it pushes an
 * interrupt's frame or reads a descriptor; not when it walks page tables or fetches code, nor of DMA.  EV_STOP as answer
 * stops after the instruction, or the iteration of a repeated one.  `value` and `old` (of a write, what was there; 0 if that
 * is a device's register) are those of the part that lies in one page.  Between runs only.  -EINVAL: no bytes or no kind;
 * -ENOSPC; -ENOTSUP: not by this engine, or not with a thread per vCPU.  Twice set is cleared by the second clearing. */
int vm_watch_set(struct vm *vm, const struct watch *w);
void vm_watch_clear(struct vm *vm, const struct watch *w);
/* Something for the machine from outside: enters by the source's inlet, is told as events and recorded.  From
 * outside.poll and what vm_ask calls; between runs, too, but then nobody can go back before it (core/timeline.h).  False:
 * it was not taken. */
bool vm_receive(struct vm *vm, u8 source, const void *data, u32 len);
/* From a device, in the middle of an instruction: it has room now.  give(arg) (may be NULL) calls vm_receive. */
void vm_ask(struct vm *vm, void (*give)(void *arg), void *arg);
/* For the run loop.  Is anybody outside?  Look, without waiting; rest for `most` ns at most, where alone it would be `due`:
 * the ns by which time moves. */
bool vm_listens(const struct vm *vm);
void vm_look(struct vm *vm);
u64 vm_rest(struct vm *vm, u64 most, u64 due);
/* The host or user put something into the machine (random seeds): says so as an event.  vm_receive does it itself. */
void vm_input(struct vm *vm, u8 source, u64 value);

#endif
