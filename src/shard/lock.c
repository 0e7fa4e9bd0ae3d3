/*-------------------------------------------------------------------------
 *
 * lock.c
 *	  Strong locks on a table that others use.
 *
 * Whoever waits for a strong lock keeps all those waiting who come later, even if
 * what they want agrees with what is held.  So an operation that waited for one long
 * query would stop all others meanwhile.  Here it waits for a moment only, lets
 * those pass who came after it, and tries again.  The same holds for tables at servers,
 * whose locks are taken after the one here: while that is held, nobody may be kept
 * waiting for long by a session at a server.
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
#include "utils/lsyscache.h"
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
 * Lock a table here and those at servers that belong to it, each within a time in
 * milliseconds (0: however long it takes).  Here it is lock_timeout's matter.
 */
static void
lock_now(const MMLocks *locks, int timeout)
{
	(void) mm_local("LOCK TABLE %s IN %s MODE", locks->table, locks->mode);
	for (int i = 0; i < locks->nservers; i++)
		if (locks->there[i] != NULL)
			mm_exec(locks->conns[i], psprintf("SET LOCAL lock_timeout = %d; LOCK TABLE %s IN %s MODE; "
											  "SET LOCAL lock_timeout TO DEFAULT",
											  timeout, locks->there[i], locks->mode));
}

/*
 * Try that in a subtransaction, which is rolled back if it takes too long.
 */
static bool
lock_in_moment(const MMLocks *locks, int moment)
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

		for (int i = 0; i < locks->nservers; i++)
			mm_begin(locks->conns[i], true);
		(void) set_config_option("lock_timeout", timeout, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true,
								 0, false);
		lock_now(locks, moment);
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

/*
 * What was rolled back at servers is so now, and not with the next command: others wait
 * for the locks.
 */
static void
let_go(const MMLocks *locks)
{
	for (int i = 0; i < locks->nservers; i++)
		mm_catch_up(locks->conns[i], NULL);
}

static void
let_others_pass(int moment)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, moment, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

/*
 * Lock a table here, with its partitions, and then those at servers that belong to it.
 * Errors: those of LOCK TABLE.  A user's lock_timeout is kept, and is for each of them.
 */
void
mm_lock_all(const MMLocks *locks)
{
	TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), PATIENCE);
	int			moment = FIRST_MOMENT;

	for (int i = 1; LockTimeout == 0 && GetCurrentTimestamp() < end; i++)
	{
		if (lock_in_moment(locks, moment))
			return;
		let_go(locks);
		let_others_pass(moment);
		if (i % TRIES == 0)
			moment *= 2;
	}
	lock_now(locks, LockTimeout);
}

/*
 * The same for a table here alone, given with its schema and quotes.
 */
void
mm_lock_table(const char *table, const char *mode)
{
	mm_lock_all(&(MMLocks) {.table = table, .mode = mode});
}

/*
 * Lock a table against other operations and what would change its definition or move
 * its rows, but nobody else.
 */
void
mm_lock_operation(Oid relid)
{
	(void) mm_local("LOCK TABLE ONLY %s IN SHARE UPDATE EXCLUSIVE MODE",
					mm_qualified(get_namespace_name(get_rel_namespace(relid)), get_rel_name(relid)));
}
