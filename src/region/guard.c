/*-------------------------------------------------------------------------
 *
 * guard.c
 *	  Refuses what would be wrong with a distributed table, or wait for itself, and
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
 * Columns, constraints and indexes of a distributed table must be the same here and at
 * its servers.  Whoever changes them by a statement that is not for all of them is
 * told, if this library is loaded by then.  PostgreSQL's own error about unique
 * constraints does not say what could be done instead.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

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
#include "tcop/utility.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "compat.h"
#include "index/elsewhere.h"
#include "region/guard.h"
#include "region/region.h"
#include "region/remote_use.h"

PG_FUNCTION_INFO_V1(mm_region_support);

static ExecutorStart_hook_type next_executor_start = NULL;
static ProcessUtility_hook_type next_utility = NULL;

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

	if (stmt->commandType == CMD_UPDATE || stmt->commandType == CMD_DELETE || stmt->hasModifyingCTE)
	{
		ListCell   *lc;

		check_plan(stmt, stmt->planTree);
		foreach(lc, stmt->subplans)
			check_plan(stmt, lfirst(lc));
	}
	if ((eflags & EXEC_FLAG_EXPLAIN_ONLY) == 0)
		mm_use_note(stmt);
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

static void
guard_utility(PlannedStmt *pstmt, const char *queryString, bool readOnlyTree,
			  ProcessUtilityContext context, ParamListInfo params, QueryEnvironment *queryEnv,
			  DestReceiver *dest, QueryCompletion *qc)
{
	/* Known before, as a procedure that ends transactions may free its own statement. */
	const CopyStmt *copy = IsA(pstmt->utilityStmt, CopyStmt) ? (const CopyStmt *) pstmt->utilityStmt : NULL;
	bool		first;

	if (context == PROCESS_UTILITY_TOPLEVEL && !IsAbortedTransactionBlockState())
		check_command(pstmt->utilityStmt);
	first = mm_use_note_command(pstmt->utilityStmt);
	if (mm_use_is_open() && IsA(pstmt->utilityStmt, TruncateStmt))
		check_truncate((const TruncateStmt *) pstmt->utilityStmt);
	if (next_utility != NULL)
		next_utility(pstmt, queryString, readOnlyTree, context, params, queryEnv, dest, qc);
	else
		standard_ProcessUtility(pstmt, queryString, readOnlyTree, context, params, queryEnv, dest, qc);
	if (copy != NULL && first)
		mm_use_note_copied(copy);
}

void
mm_guard_init(void)
{
	next_utility = ProcessUtility_hook;
	ProcessUtility_hook = guard_utility;
	next_executor_start = ExecutorStart_hook;
	ExecutorStart_hook = guard_executor_start;
	mm_use_init();
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
