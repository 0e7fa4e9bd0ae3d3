/*-------------------------------------------------------------------------
 *
 * shared.c
 *	  Where the statistics of queries are.
 *
 * That depends on how mmdb was loaded.  By shared_preload_libraries, they are in
 * the main shared memory, and are saved when the server is stopped.  Otherwise
 * they are in the registry of dynamic shared memory, where PostgreSQL has one
 * (since 17), or in each session's own memory.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/shmem.h"
#include "utils/memutils.h"

#include "compat.h"
#include "stats/area.h"
#include "stats/save.h"

/* A session by itself has few classes of queries. */
#define MOST_OF_SESSION		100

/* All sessions must ask the registry for the same size, whatever their settings are. */
#define MOST_OF_REGISTERED	1000

static MMStatsArea *the_area;	/* NULL: not known yet */
static shmem_startup_hook_type previous_startup_hook;
static shmem_request_hook_type previous_request_hook;

static void
make_registered(void *pointer)
{
	mm_area_make(pointer, MM_AREA_REGISTERED, MOST_OF_REGISTERED);
}

MMStatsArea *
mm_area_get(void)
{
	int			most = Min(mm_track_most, MOST_OF_SESSION);

	if (the_area != NULL)
		return the_area;
	the_area = mm_named_segment("mmdb", mm_area_size(MOST_OF_REGISTERED), make_registered);
	if (the_area != NULL)
	{
		LWLockRegisterTranche(the_area->tranche, "mmdb");
		return the_area;
	}
	the_area = MemoryContextAllocHuge(TopMemoryContext, mm_area_size(most));
	mm_area_make(the_area, MM_AREA_SESSION, most);
	return the_area;
}

/* ---------- when the server starts ---------- */

static void
save_at_shutdown(int code, Datum arg)
{
	/* After a crash, nobody knows what the memory has. */
	if (code == 0 && mm_track_save)
		mm_stats_save(the_area);
}

static void
start(void)
{
	bool		found;

	if (previous_startup_hook != NULL)
		previous_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	the_area = ShmemInitStruct("mmdb", mm_area_size(mm_track_most), &found);
	if (!found)
		mm_area_make(the_area, MM_AREA_PRELOADED, mm_track_most);
	LWLockRelease(AddinShmemInitLock);
	LWLockRegisterTranche(the_area->tranche, "mmdb");
	if (!IsUnderPostmaster)
		on_shmem_exit(save_at_shutdown, (Datum) 0);
	if (!found)
		mm_stats_load(the_area);
}

static void
request_memory(void)
{
	if (previous_request_hook != NULL)
		previous_request_hook();
	RequestAddinShmemSpace(mm_area_size(mm_track_most));
}

void
mm_area_init(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	mm_when_shmem_is_requested(request_memory, &previous_request_hook);
	previous_startup_hook = shmem_startup_hook;
	shmem_startup_hook = start;
}
