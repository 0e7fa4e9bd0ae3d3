/*-------------------------------------------------------------------------
 *
 * remote_use.c
 *	  What a transaction has done at the servers of distributed tables, and what it
 *	  cannot do any more therefore.
 *
 * A session has two connections to a server: postgres_fdw's, and that of mmdb_shard.
 * Neither sees what the other one's transaction has written, and what one has locked, the
 * other waits for, and nobody knows of that.  What would not see rows, or wait for itself,
 * is an error.
 *
 * postgres_fdw's transactions at servers keep their first snapshot, whatever the isolation
 * level here.  When a region moves to a server, or a table is distributed over it, a
 * transaction that has used that server before would not see the rows.  It gets an error,
 * too.  (This library must be loaded by then.  Plain foreign tables do not load it.)
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "nodes/plannodes.h"
#include "parser/parsetree.h"
#include "storage/lmgr.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "compat.h"
#include "region/remote_use.h"

typedef enum Connection
{
	OURS,						/* rows were added over that of mmdb_shard */
	WRAPPERS					/* that of postgres_fdw was used */
} Connection;

/* A distributed table that was used over a connection that has locked it since. */
typedef struct Use
{
	Oid			relid;
	Connection	connection;
	int			level;			/* of the subtransaction */
} Use;

/* In TopTransactionContext. */
static List *uses = NIL;
static bool opened = false;

/* What had committed here before the first snapshot at a server may have been taken. */
static Snapshot before_first = NULL;

static bool
is_used(Oid relid, Connection connection)
{
	ListCell   *lc;

	foreach(lc, uses)
	{
		const Use  *use = lfirst(lc);

		if (use->relid == relid && use->connection == connection)
			return true;
	}
	return false;
}

static void
remember(Oid relid, Connection connection)
{
	MemoryContext old;
	Use		   *use;

	if (is_used(relid, connection))
		return;
	old = MemoryContextSwitchTo(TopTransactionContext);
	use = palloc(sizeof(Use));
	*use = (Use) {relid, connection, GetCurrentTransactionNestLevel()};
	uses = lappend(uses, use);
	MemoryContextSwitchTo(old);
}

static void
forget_all(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			uses = NIL;
			opened = false;
			before_first = NULL;
			break;
		default:
			break;
	}
}

static void
forget_part(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *arg)
{
	int			level = GetCurrentTransactionNestLevel();
	ListCell   *lc;

	if (event != SUBXACT_EVENT_ABORT_SUB && event != SUBXACT_EVENT_COMMIT_SUB)
		return;
	foreach(lc, uses)
	{
		Use		   *use = lfirst(lc);

		if (use->level < level)
			continue;
		use->level = level - 1;
		if (event == SUBXACT_EVENT_ABORT_SUB)
			use->relid = InvalidOid;
	}
}

void
mm_use_opened(void)
{
	opened = true;
}

bool
mm_use_is_open(void)
{
	return opened;
}

void
mm_use_check_copy(Oid relid)
{
	Relation	rel = table_open(relid, NoLock);

	/* By TRUNCATE, for instance; or by an operation, over the same connections. */
	if (!opened && rel->rd_createSubid == InvalidSubTransactionId &&
		CheckRelationLockedByMe(rel, AccessExclusiveLock, false))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot copy rows into table \"%s\" in a transaction that has locked it, as TRUNCATE does",
						RelationGetRelationName(rel)),
				 errdetail("The rows are sent over connections that would wait for this transaction."),
				 errhint("COMMIT first, or DELETE the rows instead.")));
	table_close(rel, NoLock);
}

void
mm_use_copied(Oid relid)
{
	remember(relid, OURS);
}

/*
 * Has the transaction written to a table over postgres_fdw?  Plans do not tell: INSERT and
 * COPY find the foreign tables row by row, and this library may not have been loaded then.
 * But who writes has locked the table.
 */
static bool
may_have_written(Oid relid)
{
	Relation	rel = table_open(relid, AccessShareLock);
	bool		locked = CheckRelationLockedByMe(rel, RowExclusiveLock, false);

	table_close(rel, AccessShareLock);
	return locked && !is_used(relid, OURS);
}

void
mm_use_check_lock(Oid relid)
{
	if (is_used(relid, WRAPPERS) || may_have_written(relid))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot lock table \"%s\" at its servers in a transaction that has used it by foreign scans",
						get_rel_name(relid)),
				 errdetail("The lock would wait for theirs, which are kept until the transaction ends."),
				 errhint("Use a transaction for each.")));
}

/*
 * Does a plan read or change foreign tables?  (What is below our own nodes only does in a
 * transaction that has done so before.)
 */
static bool
uses_wrapper(const PlannedStmt *stmt, const Plan *plan)
{
	const List *children = NIL;
	ListCell   *lc;

	if (plan == NULL)
		return false;
	switch (nodeTag(plan))
	{
		case T_ForeignScan:
			return true;
		case T_ModifyTable:
			foreach(lc, ((const ModifyTable *) plan)->resultRelations)
				if (rt_fetch(lfirst_int(lc), stmt->rtable)->relkind == RELKIND_FOREIGN_TABLE)
					return true;
			break;
		case T_Append:
			children = ((const Append *) plan)->appendplans;
			break;
		case T_MergeAppend:
			children = ((const MergeAppend *) plan)->mergeplans;
			break;
		case T_SubqueryScan:
			return uses_wrapper(stmt, ((const SubqueryScan *) plan)->subplan);
		default:
			break;
	}
	foreach(lc, children)
		if (uses_wrapper(stmt, lfirst(lc)))
			return true;
	return uses_wrapper(stmt, outerPlan(plan)) || uses_wrapper(stmt, innerPlan(plan));
}

static bool
statement_uses_wrapper(const PlannedStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->subplans)
		if (uses_wrapper(stmt, lfirst(lc)))
			return true;
	return uses_wrapper(stmt, stmt->planTree);
}

/*
 * Remember what has committed by now, before a server is used for the first time over a
 * connection whose transaction keeps its first snapshot: postgres_fdw's always does, and
 * ours under REPEATABLE READ.
 */
static void
note_first_use(void)
{
	MemoryContext old;
	Snapshot	latest;

	if (before_first != NULL)
		return;
	latest = GetLatestSnapshot();
	old = MemoryContextSwitchTo(TopTransactionContext);
	before_first = palloc(sizeof(SnapshotData));
	*before_first = *latest;
	before_first->xip = memcpy(palloc(sizeof(TransactionId) * (latest->xcnt + 1)), latest->xip,
							   sizeof(TransactionId) * latest->xcnt);
	before_first->subxip = memcpy(palloc(sizeof(TransactionId) * (latest->subxcnt + 1)), latest->subxip,
								  sizeof(TransactionId) * latest->subxcnt);
	MemoryContextSwitchTo(old);
}

/*
 * Raise an error if a foreign partition has got other regions since then: the snapshot at its
 * server may be too old to see their rows.
 */
static void
check_moved(Oid relid, Oid parent)
{
	HeapTuple	tuple;
	TransactionId xid;

	/* What was used before is locked since, and has not moved. */
	if (before_first == NULL || is_used(parent, WRAPPERS))
		return;
	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	if (!HeapTupleIsValid(tuple))
		return;
	xid = HeapTupleHeaderGetXmin(tuple->t_data);
	ReleaseSysCache(tuple);
	if (XidInMVCCSnapshot(xid, before_first) && !TransactionIdIsCurrentTransactionId(xid))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access to table \"%s\", whose regions have moved during the transaction",
						get_rel_name(parent)),
				 errdetail("The transaction has used other tables of the servers before, and its snapshots there are too old to see rows that have come since."),
				 errhint("The transaction might succeed if retried.")));
}

/*
 * Note what a statement uses at servers.  Raise an error if it would not see rows: those
 * that were copied into a table by this transaction, or have moved.
 */
void
mm_use_note(const PlannedStmt *stmt)
{
	List	   *parts = NIL;
	bool		foreign = false;
	bool		old_snapshots;
	ListCell   *lc;

	foreach(lc, stmt->rtable)
	{
		const RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);

		if (rte->rtekind != RTE_RELATION)
			continue;
		if (rte->relkind != RELKIND_FOREIGN_TABLE)
			continue;
		foreign = true;
		if (get_rel_relispartition(rte->relid))
			parts = lappend_oid(parts, rte->relid);
	}
	/* Which partitions an INSERT will use is not known. */
	if (stmt->commandType == CMD_INSERT && stmt->resultRelations != NIL &&
		rt_fetch(linitial_int(stmt->resultRelations), stmt->rtable)->relkind == RELKIND_PARTITIONED_TABLE)
		note_first_use();
	if (!foreign)
		return;
	foreach(lc, parts)
	{
		Oid			parent = get_partition_parent(lfirst_oid(lc), true);

		if (is_used(parent, OURS))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("cannot read table \"%s\" in the transaction in which mmdb.copy_from() has added rows to it",
							get_rel_name(parent)),
					 errdetail("The rows were sent over a connection of their own, and would not be seen."),
					 errhint("COMMIT first.")));
	}
	old_snapshots = statement_uses_wrapper(stmt);
	if (old_snapshots || IsolationUsesXactSnapshot())
	{
		foreach(lc, parts)
			check_moved(lfirst_oid(lc), get_partition_parent(lfirst_oid(lc), true));
		note_first_use();
	}
	if (old_snapshots)
		foreach(lc, parts)
			remember(get_partition_parent(lfirst_oid(lc), true), WRAPPERS);
}

/*
 * A COPY into a partitioned table may use foreign partitions.
 */
void
mm_use_note_copy(const CopyStmt *copy)
{
	if (copy->is_from && copy->relation != NULL &&
		get_rel_relkind(RangeVarGetRelid(copy->relation, NoLock, true)) == RELKIND_PARTITIONED_TABLE)
		note_first_use();
}

void
mm_use_init(void)
{
	RegisterXactCallback(forget_all, NULL);
	RegisterSubXactCallback(forget_part, NULL);
	/* The statement that loads this library may be an INSERT, which is seen no more. */
	if (IsTransactionState() && ActiveSnapshotSet())
		note_first_use();
}
