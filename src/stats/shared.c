/*-------------------------------------------------------------------------
 *
 * shared.c
 *	  Where the statistics of queries are.
 *
 * That depends on how mmdb was loaded.  By shared_preload_libraries, they are in
 * the main shared memory, and are saved when the server is stopped.  Otherwise
 * they are in the registry of dynamic shared memory, where PostgreSQL has one
 * (since 17) and there is room, or in each session's own memory.
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

/*
 * The area in the registry; NULL if there is none, or if it cannot be had.
 *
 * Other sessions may have another version of the library, as it is replaced while
 * the server runs.  They are not to use the same area, so its name tells its format
 * and size.
 */
static MMStatsArea *
registered_area(void)
{
	Size		size = mm_area_size(MOST_OF_REGISTERED);
	char	   *name = psprintf("mmdb %x %zu", MM_STATS_FORMAT, size);
	MMStatsArea *volatile area = NULL;
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		area = mm_named_segment(name, size, make_registered);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		/*
		 * A search does not fail for that.  No lock is held where functions may be
		 * called, as here; so those that are held now are the registry's.
		 */
		LWLockReleaseAll();
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		if (error->sqlerrcode == ERRCODE_QUERY_CANCELED)
			ReThrowError(error);
		ereport(LOG,
				(errmsg("statistics of queries are not shared by all sessions: %s", error->message)));
		FreeErrorData(error);
	}
	PG_END_TRY();
	pfree(name);
	return area;
}

MMStatsArea *
mm_area_get(void)
{
	int			most = Min(mm_track_most, MOST_OF_SESSION);

	if (the_area != NULL)
		return the_area;
	the_area = registered_area();
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
