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
 * After a while it waits longer now and then.  Otherwise it might never have its turn; and
 * two sessions that wait for each other are only found while both wait.
 *
 * An operation holds locks already, here and at servers.  If somebody waits for these, holding
 * what is wanted here, or keeping those waiting who do, then nobody can know, and all would
 * wait for ever, or until the next long wait.  So the operation ends with an error when it
 * meets such sessions for a while.  It also does if a server goes on refusing its lock: who
 * uses the table here waits meanwhile, and cannot be the reason.
 *
 * When the locks are there, what is still to be done under them must be little: if others
 * have changed much meanwhile, the locks are let go, and the changes are copied first
 * (picture.c).
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
 * become twice as long; when to stop that; how long to wait from then on, and in which of
 * the tries, as others are kept waiting meanwhile.  Times are in milliseconds.
 */
#define FIRST_MOMENT	100
#define TRIES			8
#define PATIENCE		10000
#define LONG_MOMENT		5000
#define LONG_EVERY		10

/* For how long sessions may wait for us at a server while we wait here. */
#define MOST_WAITING	2000

/* So many changes are not copied while everybody waits; but after some tries they are. */
#define MANY_CHANGES	2000
#define MOST_DELAYS		5

/* So often is a server asked, when all wait here for what holds its locks. */
#define MOST_REFUSED	3

typedef enum Outcome
{
	LOCKED,
	TIMED_OUT,					/* here */
	REFUSED,					/* by a server, when the lock here was there */
	TOO_MANY_CHANGES
} Outcome;

/*
 * Lock a table here, within lock_timeout, and then those at servers that belong to it, each
 * within a time in milliseconds.  *locked_here becomes true in between.
 */
static void
lock_now(const MMLocks *locks, int timeout, volatile bool *locked_here)
{
	(void) mm_local("LOCK TABLE %s IN %s MODE", locks->table, locks->mode);
	*locked_here = true;
	for (int i = 0; i < locks->nservers; i++)
		if (locks->there[i] != NULL)
			mm_exec(locks->conns[i], psprintf("SET LOCAL lock_timeout = %d; LOCK TABLE %s IN %s MODE; "
											  "SET LOCAL lock_timeout TO DEFAULT",
											  timeout, locks->there[i], locks->mode));
}

/*
 * Try that in a subtransaction, which is rolled back if it takes too long, or if there are
 * more than most changes.
 */
static Outcome
lock_in_moment(const MMLocks *locks, int moment, int64 most)
{
	const char *timeout = psprintf("%d", moment);
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile Outcome outcome = LOCKED;
	volatile bool locked_here = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		int			nest = NewGUCNestLevel();

		for (int i = 0; i < locks->nservers; i++)
			mm_begin(locks->conns[i], true);
		(void) set_config_option("lock_timeout", timeout, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true,
								 0, false);
		lock_now(locks, moment, &locked_here);
		AtEOXact_GUC(true, nest);
		if (locks->follow != NULL && locks->follow->compare(locks->follow->arg, most) > most)
		{
			outcome = TOO_MANY_CHANGES;
			RollbackAndReleaseCurrentSubTransaction();
		}
		else
			ReleaseCurrentSubTransaction();
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
		/* A user's own lock_timeout is for the first try. */
		if (LockTimeout > 0)
			ReThrowError(error);
		FreeErrorData(error);
		outcome = locked_here ? REFUSED : TIMED_OUT;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return outcome;
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
 * Raise an error if sessions wait for what this transaction has locked at a server, or for a
 * lock here that keeps writers waiting, and have done so since *since (0: they have not).
 */
static void
check_waiting(const MMLocks *locks, TimestampTz *since)
{
	char	   *here = mm_local_value("SELECT string_agg(DISTINCT pid::text, ', ') FROM pg_locks WHERE NOT granted AND locktype = 'relation' "
									  "AND mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock') "
									  "AND pg_backend_pid() = ANY (pg_blocking_pids(pid))");

	if (here != NULL)
	{
		if (*since == 0)
			*since = GetCurrentTimestamp();
		else if (TimestampDifferenceExceeds(*since, GetCurrentTimestamp(), MOST_WAITING))
			ereport(ERROR,
					(errcode(ERRCODE_T_R_DEADLOCK_DETECTED),
					 errmsg("a session waits for this operation, which waits for others"),
					 errdetail("It is that of process %s, and keeps writers of table %s waiting, for which the operation may wait.",
							   here, locks->table),
					 errhint("Call the operation again when that session has come to its end.")));
		return;
	}
	for (int i = 0; i < locks->nservers; i++)
	{
		char	   *pids = MM_ROW_VALUE(mm_exec(locks->conns[i],
												"SELECT string_agg(DISTINCT pid::text, ', ') FROM pg_locks "
												"WHERE NOT granted AND locktype = 'relation' AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"), 0, 0);

		if (pids == NULL)
			continue;
		if (*since == 0)
			*since = GetCurrentTimestamp();
		else if (TimestampDifferenceExceeds(*since, GetCurrentTimestamp(), MOST_WAITING))
			ereport(ERROR,
					(errcode(ERRCODE_T_R_DEADLOCK_DETECTED),
					 errmsg("a session at server \"%s\" waits for this operation, which waits for others here",
							locks->conns[i]->server),
					 errdetail("It is that of process %s there.  If others wait for it, all would wait for ever.", pids),
					 errhint("Call the operation again when that session has come to its end.")));
		return;
	}
	*since = 0;
}

/*
 * Lock a table here, with its partitions, and then those at servers that belong to it.
 * Afterwards the last changes are copied, if they are followed.  Errors: those of LOCK
 * TABLE, and that of check_waiting.  A user's lock_timeout is kept, and is for each of the
 * tables.
 */
void
mm_lock_all(const MMLocks *locks)
{
	TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), PATIENCE);
	TimestampTz waiting = 0;
	int			moment = FIRST_MOMENT;
	int			too_many = 0;
	int			refused = 0;

	for (int i = 1;; i++)
	{
		bool		patient = GetCurrentTimestamp() < end;
		int			pause = patient || i % LONG_EVERY != 0 ? Min(moment, 10 * FIRST_MOMENT) :
			Max(LONG_MOMENT, 2 * DeadlockTimeout);
		Outcome		outcome = lock_in_moment(locks, LockTimeout > 0 ? LockTimeout : pause,
											 too_many < MOST_DELAYS ? MANY_CHANGES : PG_INT64_MAX);

		if (outcome == LOCKED)
			break;
		let_go(locks);
		if (outcome == TOO_MANY_CHANGES)
		{
			too_many++;
			mm_follow_changes(locks->follow);
			continue;
		}
		/* Nobody who uses the table here can be the reason. */
		refused = outcome == REFUSED && !patient ? refused + 1 : 0;
		if (refused == MOST_REFUSED)
			ereport(ERROR,
					(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
					 errmsg("could not lock table %s at its servers", locks->table),
					 errdetail("Transactions that use the table at a server itself do not come to their end, and all who use it here would wait for them."),
					 errhint("Call the operation again when they have ended.")));
		check_waiting(locks, &waiting);
		let_others_pass(Min(pause, 10 * FIRST_MOMENT));
		if (i % TRIES == 0)
			moment *= 2;
	}
	if (locks->follow != NULL)
		locks->follow->copy(locks->follow->arg);
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
