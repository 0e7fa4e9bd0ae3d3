/*-------------------------------------------------------------------------
 *
 * guard.c
 *	  Refuses what would be wrong, or wait for itself, with a distributed table, and
 *	  warns of changes of the table here alone.
 *
 * An UPDATE or DELETE that is sent to a server as a whole is right.  One whose
 * rows are chosen here names them by their ctid, and that is not unique in a
 * table with partitions: other rows would be changed, too.  So such a statement
 * is an error before it begins.
 *
 * Its plan tells which kind it is.  By the time a plan is made this library is
 * loaded, because the partition key was simplified, and mm_region has a support
 * function.
 *
 * postgres_fdw's transactions at servers keep their first snapshot, whatever the isolation
 * level here.  When a region moves to a server, or a table is distributed over it, what has
 * used that server before would not see the rows.  It gets an error.
 *
 * Columns, constraints and indexes of a distributed table must be the same here and at
 * its servers.  Whoever changes them by a statement that is not for all of them is
 * told, if this library is loaded by then.  PostgreSQL's own error about unique
 * constraints does not say what could be done instead.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "nodes/plannodes.h"
#include "parser/parsetree.h"
#include "storage/lmgr.h"
#include "tcop/utility.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "compat.h"
#include "index/elsewhere.h"
#include "region/guard.h"
#include "region/region.h"

PG_FUNCTION_INFO_V1(mm_region_support);

static ExecutorStart_hook_type next_executor_start = NULL;
static ProcessUtility_hook_type next_utility = NULL;

/* ---------- what this transaction has done ---------- */

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
mm_guard_opened(void)
{
	opened = true;
}

void
mm_guard_copy(Oid relid)
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
mm_guard_copied(Oid relid)
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
mm_guard_lock(Oid relid)
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
static void
note_use(const PlannedStmt *stmt)
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

/* ---------- changes of rows ---------- */

/*
 * Is a relation a foreign partition of a table that is divided into regions?
 */
static bool
is_part(Oid relid)
{
	Relation	parent;
	Datum		tree;
	List	   *columns;
	bool		result;

	if (get_rel_relkind(relid) != RELKIND_FOREIGN_TABLE || !get_rel_relispartition(relid))
		return false;
	parent = table_open(get_partition_parent(relid, true), AccessShareLock);
	result = mm_region_key(parent, &tree, &columns);
	table_close(parent, AccessShareLock);
	return result;
}

static void
check_plan(const PlannedStmt *stmt, const Plan *plan)
{
	const ModifyTable *modify = (const ModifyTable *) plan;
	ListCell   *lc;
	int			i = 0;

	if (plan == NULL || !IsA(plan, ModifyTable) || modify->operation == CMD_INSERT)
		return;
	foreach(lc, modify->resultRelations)
	{
		Oid			relid = rt_fetch(lfirst_int(lc), stmt->rtable)->relid;

		if (!bms_is_member(i++, modify->fdwDirectModifyPlans) && is_part(relid))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("this statement cannot change rows of distributed table \"%s\"",
							get_rel_name(get_partition_parent(relid, true))),
					 errdetail("It cannot be sent to the servers as a whole, and single rows of a server's partitions cannot be named from here."),
					 errhint("Give new values and conditions that the servers can compute: without other tables, functions that are not immutable (such as now() and random()), or functions of extensions that the server's option \"extensions\" does not list.  Values that are computed before can be given as constants.  Rows with generated columns can be changed at the servers only; see mmdb.on_servers().")));
	}
}

static void
guard_executor_start(QueryDesc *desc, int eflags)
{
	const PlannedStmt *stmt = desc->plannedstmt;

	if ((eflags & EXEC_FLAG_EXPLAIN_ONLY) == 0)
		note_use(stmt);
	if (stmt->commandType == CMD_UPDATE || stmt->commandType == CMD_DELETE || stmt->hasModifyingCTE)
	{
		ListCell   *lc;

		check_plan(stmt, stmt->planTree);
		foreach(lc, stmt->subplans)
			check_plan(stmt, lfirst(lc));
	}
	if (next_executor_start != NULL)
		next_executor_start(desc, eflags);
	else
		standard_ExecutorStart(desc, eflags);
}

/* ---------- commands about the table ---------- */

/*
 * The distributed table that a command names; InvalidOid if it is another table, or
 * there is none.
 */
static Oid
distributed_table(const RangeVar *name)
{
	Oid			relid = name == NULL ? InvalidOid : RangeVarGetRelid(name, NoLock, true);
	Relation	rel;
	Datum		tree;
	List	   *columns;
	bool		result;

	if (!OidIsValid(relid) || get_rel_relkind(relid) != RELKIND_PARTITIONED_TABLE ||
		!mm_is_on_servers(relid))
		return InvalidOid;
	rel = try_relation_open(relid, AccessShareLock);
	if (rel == NULL)
		return InvalidOid;
	result = mm_region_key(rel, &tree, &columns);
	/* The command may need another lock first. */
	relation_close(rel, AccessShareLock);
	return result ? relid : InvalidOid;
}

static void
refuse_unique(const char *table)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("distributed table \"%s\" cannot have unique keys", table),
			 errdetail("Rows that are equal may be at different servers, and nothing compares them."),
			 errhint("An index that is not unique finds rows as fast: SELECT mmdb.on_servers('%s', 'CREATE INDEX ON %s (...)').",
					 table, table)));
}

/*
 * Does a part of ALTER TABLE change what must be the same at the servers?
 */
static bool
changes_servers(const AlterTableCmd *command)
{
	switch (command->subtype)
	{
		case AT_AddColumn:
		case AT_DropColumn:
		case AT_AlterColumnType:
		case AT_SetNotNull:
		case AT_DropNotNull:
		case AT_DropExpression:
		case AT_AddConstraint:
		case AT_DropConstraint:
			return true;
		default:
			return false;
	}
}

static bool
adds_unique(const AlterTableCmd *command)
{
	const Constraint *constraint = (const Constraint *) command->def;

	return command->subtype == AT_AddConstraint && constraint != NULL && IsA(constraint, Constraint) &&
		(constraint->contype == CONSTR_PRIMARY || constraint->contype == CONSTR_UNIQUE);
}

void
mm_guard_unique(const Node *command, const char *schema, const char *table)
{
	const RangeVar *name = NULL;
	bool		unique = false;
	ListCell   *lc;

	if (IsA(command, IndexStmt))
	{
		name = ((const IndexStmt *) command)->relation;
		unique = ((const IndexStmt *) command)->unique;
	}
	else if (IsA(command, AlterTableStmt))
	{
		name = ((const AlterTableStmt *) command)->relation;
		foreach(lc, ((const AlterTableStmt *) command)->cmds)
			unique |= adds_unique(lfirst(lc));
	}
	if (unique && strcmp(name->relname, table) == 0 &&
		(name->schemaname == NULL || strcmp(name->schemaname, schema) == 0))
		refuse_unique(table);
}

/*
 * Look at a TRUNCATE, whoever sends it.
 */
static void
check_truncate(const TruncateStmt *truncate)
{
	ListCell   *lc;

	foreach(lc, truncate->relations)
	{
		Oid			relid = distributed_table(lfirst_node(RangeVar, lc));

		if (OidIsValid(relid))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("cannot truncate distributed table \"%s\" in a transaction that is open at servers",
							get_rel_name(relid)),
					 errdetail("TRUNCATE would wait for the connections of mmdb.copy_from(), of cursors, or of searches under REPEATABLE READ."),
					 errhint("Truncate it in a transaction of its own.")));
	}
}

/*
 * Look at a command that a user has sent; what mmdb.on_servers runs is none.
 */
static void
check_command(const Node *command)
{
	Oid			relid = InvalidOid;
	bool		changes = false;
	ListCell   *lc;

	if (IsA(command, AlterTableStmt))
	{
		relid = distributed_table(((const AlterTableStmt *) command)->relation);
		if (!OidIsValid(relid))
			return;
		foreach(lc, ((const AlterTableStmt *) command)->cmds)
		{
			if (adds_unique(lfirst(lc)))
				refuse_unique(get_rel_name(relid));
			changes |= changes_servers(lfirst(lc));
		}
	}
	else if (IsA(command, IndexStmt))
	{
		relid = distributed_table(((const IndexStmt *) command)->relation);
		if (OidIsValid(relid) && ((const IndexStmt *) command)->unique)
			refuse_unique(get_rel_name(relid));
		changes = true;
	}
	else if (IsA(command, RenameStmt) && ((const RenameStmt *) command)->renameType == OBJECT_COLUMN)
	{
		relid = distributed_table(((const RenameStmt *) command)->relation);
		changes = true;
	}
	if (OidIsValid(relid) && changes)
		ereport(WARNING,
				(errmsg("distributed table \"%s\" is changed here, but not at its servers", get_rel_name(relid)),
				 errhint("mmdb.on_servers() runs a command at all servers and here, and mmdb.check_servers() tells what is not the same.")));
}

/*
 * A COPY into a partitioned table may use foreign partitions.
 */
static void
note_copy(const CopyStmt *copy)
{
	if (copy->is_from && copy->relation != NULL &&
		get_rel_relkind(RangeVarGetRelid(copy->relation, NoLock, true)) == RELKIND_PARTITIONED_TABLE)
		note_first_use();
}

static void
guard_utility(PlannedStmt *pstmt, const char *queryString, bool readOnlyTree,
			  ProcessUtilityContext context, ParamListInfo params, QueryEnvironment *queryEnv,
			  DestReceiver *dest, QueryCompletion *qc)
{
	if (context == PROCESS_UTILITY_TOPLEVEL && !IsAbortedTransactionBlockState())
		check_command(pstmt->utilityStmt);
	if (IsA(pstmt->utilityStmt, CopyStmt))
		note_copy((const CopyStmt *) pstmt->utilityStmt);
	if (opened && IsA(pstmt->utilityStmt, TruncateStmt))
		check_truncate((const TruncateStmt *) pstmt->utilityStmt);
	if (next_utility != NULL)
		next_utility(pstmt, queryString, readOnlyTree, context, params, queryEnv, dest, qc);
	else
		standard_ProcessUtility(pstmt, queryString, readOnlyTree, context, params, queryEnv, dest, qc);
}

void
mm_guard_init(void)
{
	next_utility = ProcessUtility_hook;
	ProcessUtility_hook = guard_utility;
	next_executor_start = ExecutorStart_hook;
	ExecutorStart_hook = guard_executor_start;
	RegisterXactCallback(forget_all, NULL);
	RegisterSubXactCallback(forget_part, NULL);
	/* The statement that loads this library may be an INSERT, which is seen no more. */
	if (IsTransactionState() && ActiveSnapshotSet())
		note_first_use();
}

/*
 * mm_region_support(internal): says nothing, but that it is called loads this
 * library.
 */
Datum
mm_region_support(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(NULL);
}
