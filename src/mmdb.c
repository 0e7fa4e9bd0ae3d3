/*-------------------------------------------------------------------------
 *
 * mmdb.c
 *	  What happens when the library is loaded: storage parameters and
 *	  settings are registered.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/guc.h"

#include "am/alter.h"
#include "index/options.h"
#include "compat.h"
#include "fanout/fanout.h"
#include "metric/kernels.h"
#include "plan/partitions.h"
#include "plan/plan.h"
#include "region/guard.h"
#include "search/cost_model.h"
#include "search/driver.h"
#include "stats/area.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

/* The setting mmdb.simd, as the user spells it. */
static char *simd_setting;

/*
 * The kernels of a name, NULL if there are none of that name here.
 */
static const MMKernels *
kernels_by_name(const char *name)
{
	if (pg_strcasecmp(name, "auto") == 0)
		return mm_kernels_best();
	for (int i = 0; mm_kernel_versions[i] != NULL; i++)
		if (pg_strcasecmp(name, mm_kernel_versions[i]->name) == 0 &&
			mm_kernel_versions[i]->supported())
			return mm_kernel_versions[i];
	return NULL;
}

static bool
check_simd(char **newval, void **extra, GucSource source)
{
	StringInfoData names;

	if (kernels_by_name(*newval) != NULL)
		return true;
	initStringInfo(&names);
	for (int i = 0; mm_kernel_versions[i] != NULL; i++)
		if (mm_kernel_versions[i]->supported())
			appendStringInfo(&names, ", %s", mm_kernel_versions[i]->name);
	GUC_check_errhint("Available values on this CPU: auto%s.", names.data);
	return false;
}

static void
assign_simd(const char *newval, void *extra)
{
	mm_kernels = kernels_by_name(newval);
}

static const char *
show_simd(void)
{
	return mm_kernels->name;
}

/*
 * Let the session keep the memory of a search for the next one.
 *
 * A search takes a few hundred kB and frees them when it ends.  By glibc's defaults, free()
 * gives what is more than 128 kB at the end of the heap back to the system, and the next
 * search faults it in again, page by page, which takes a tenth of a short search's time.
 * That limit grows to twice the size of the largest block, of those that are mapped by
 * themselves, which was freed.  So a block is freed here.  Other allocators do not mind.
 */
static void
keep_memory(void)
{
	pfree(palloc(1024 * 1024));
}

void
_PG_init(void)
{
	keep_memory();
	mm_alter_init();
	mm_options_init();
	mm_cost_model_init();
	mm_driver_init();

	/* All versions give the same results; being able to choose is for tests. */
	DefineCustomStringVariable("mmdb.simd",
							   "Instruction set of the distance functions.",
							   "auto is the best one that the CPU has.",
							   &simd_setting,
							   "auto",
							   PGC_USERSET,
							   GUC_NOT_IN_SAMPLE,
							   check_simd, assign_simd, show_simd);
	mm_track_init();
	mm_area_init();
	mm_plan_init();
	mm_one_row_init();
	mm_partitions_init();
	mm_fanout_init();
	mm_guard_init();
	MarkGUCPrefixReserved("mmdb");
}
