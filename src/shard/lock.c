/*-------------------------------------------------------------------------
 *
 * lock.c
 *	  Strong locks on a table that others use.
 *
 * Whoever waits for a strong lock keeps all those waiting who come later, even if
 * what they want agrees with what is held.  So an operation that waited for one long
 * query would stop all others meanwhile.  Here it waits for a moment only, lets
 * those pass who came after it, and tries again.
 *
 * After a while it waits as everybody does.  Otherwise it might never have its turn;
 * and two sessions that wait for each other are only found while both wait.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "shard/operations.h"

/*
 * How long to wait at first, and how long to let others pass; how often, before both
 * become twice as long; and when to stop that.  Times are in milliseconds.
 */
#define FIRST_MOMENT	100
#define TRIES			8
#define PATIENCE		10000

/*
 * Try to lock a table in a subtransaction, which is rolled back if that takes too long.
 */
static bool
lock_in_moment(const char *table, const char *mode, int moment)
{
	const char *timeout = psprintf("%d", moment);
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool done = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		int			nest = NewGUCNestLevel();

		(void) set_config_option("lock_timeout", timeout, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true,
								 0, false);
		(void) mm_local("LOCK TABLE %s IN %s MODE", table, mode);
		AtEOXact_GUC(true, nest);
		ReleaseCurrentSubTransaction();
		done = true;
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		if (error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE)
			ReThrowError(error);
		FreeErrorData(error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return done;
}

static void
let_others_pass(int moment)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, moment, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

/*
 * Lock a table, given with its schema and quotes, with all its partitions.  mode is as
 * LOCK TABLE has it.  Errors: those of LOCK TABLE; a user's lock_timeout is kept.
 */
void
mm_lock_table(const char *table, const char *mode)
{
	TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), PATIENCE);
	int			moment = FIRST_MOMENT;

	for (int i = 1; LockTimeout == 0 && GetCurrentTimestamp() < end; i++)
	{
		if (lock_in_moment(table, mode, moment))
			return;
		let_others_pass(moment);
		if (i % TRIES == 0)
			moment *= 2;
	}
	(void) mm_local("LOCK TABLE %s IN %s MODE", table, mode);
}
