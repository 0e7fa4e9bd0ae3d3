/*-------------------------------------------------------------------------
 *
 * guard.c
 *	  Refuses changes of single rows of a distributed table that postgres_fdw
 *	  cannot make.
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
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/partition.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "nodes/plannodes.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "compat.h"
#include "region/guard.h"
#include "region/region.h"

PG_FUNCTION_INFO_V1(mm_region_support);

static ExecutorStart_hook_type next_executor_start = NULL;

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
					 errhint("Give new values and conditions that the servers can compute, without other tables, volatile functions or functions of extensions that the server's option \"extensions\" does not list.  Rows with generated columns can be changed at the servers only; see mmdb.on_servers().")));
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
	if (next_executor_start != NULL)
		next_executor_start(desc, eflags);
	else
		standard_ExecutorStart(desc, eflags);
}

void
mm_guard_init(void)
{
	next_executor_start = ExecutorStart_hook;
	ExecutorStart_hook = guard_executor_start;
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
