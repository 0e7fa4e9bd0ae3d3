/*-------------------------------------------------------------------------
 *
 * fanout_node.c
 *	  The executor's side of the fan-out.
 *
 * A scan goes about it in one of two modes: all rows are fetched before the first
 * is returned (waves.c), or they are fetched in batches (batches.c).
 *
 * A transaction that has written to the table must see that, but only
 * postgres_fdw's connections do.  So the plan has the planner's own plan below it,
 * with foreign scans, and runs that then.  Whoever writes to a table or to one of
 * its partitions holds a lock on it until the transaction ends, or until what was
 * written is rolled back: that lock is how such a transaction is known, whoever
 * wrote, and whether or not mmdb was loaded by then.
 *
 * The executor has checked the rights of the parent before any node begins.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/table.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/float.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "fanout/fanout.h"
#include "region/remote_use.h"

/* ---------- beginning ---------- */

static bool
is_written(Oid relid)
{
	Relation	rel = table_open(relid, NoLock);
	bool		result = CheckRelationLockedByMe(rel, RowExclusiveLock, true);

	table_close(rel, NoLock);
	return result;
}

/*
 * May this transaction have written to the table?
 */
static bool
may_have_written(const MMFanoutState *s)
{
	ListCell   *lc;

	if (is_written(RelationGetRelid(s->css.ss.ss_currentRelation)))
		return true;
	foreach(lc, s->plan->partitions)
		if (is_written(lfirst_oid(lc)))
			return true;
	return false;
}

static const MMRemoteRoutine *
load_library(void)
{
	static const MMRemoteRoutine *routine = NULL;

	if (routine == NULL)
		routine = ((MMRemoteFunction) load_external_function(MM_REMOTE_LIBRARY, MM_REMOTE_FUNCTION,
															 true, NULL)) ();
	return routine;
}

/*
 * The user whose mappings are used: as for a foreign scan, the owner of the view
 * through which the table is read, or else the current user.
 */
static Oid
acting_user(MMFanoutState *s)
{
	EState	   *estate = s->css.ss.ps.state;
	Index		relid = ((CustomScan *) s->css.ss.ps.plan)->scan.scanrelid;
	Oid			user = mm_check_as_user(estate, relid);

	return OidIsValid(user) ? user : GetUserId();
}

static void
init_servers(MMFanoutState *s)
{
	Oid			user = acting_user(s);
	ListCell   *lc;

	s->nservers = 0;
	s->servers = palloc0(sizeof(MMFanoutServer) * list_length(s->plan->partitions));
	s->by_bound = palloc0(sizeof(MMFanoutServer *) * list_length(s->plan->partitions));
	foreach(lc, s->plan->partitions)
	{
		MMFanoutServer *server = &s->servers[s->nservers];

		server->relid = lfirst_oid(lc);
		server->serverid = GetForeignTable(server->relid)->serverid;
		server->name = GetForeignServer(server->serverid)->servername;
		server->call.serverid = server->serverid;
		server->call.userid = user;
		s->by_bound[s->nservers++] = server;
	}
}

static void
begin_plain(MMFanoutState *s, EState *estate, int eflags)
{
	CustomScan *scan = (CustomScan *) s->css.ss.ps.plan;

	s->is_plain = true;
	mm_use_scans(s->plan->partitions);
	s->css.custom_ps = list_make1(ExecInitNode(linitial(scan->custom_plans), estate, eflags));
}

static void
begin_node(CustomScanState *node, EState *estate, int eflags)
{
	MMFanoutState *s = (MMFanoutState *) node;
	CustomScan *scan = (CustomScan *) node->ss.ps.plan;

	s->plan = mm_fanout_unpack(scan->custom_exprs, scan->custom_private);
	init_servers(s);
	mm_fanout_columns(s);
	s->values = ExecInitExprList(s->plan->values, &node->ss.ps);
	if (s->plan->limit != NULL)
		s->limit = ExecInitExpr(s->plan->limit, &node->ss.ps);
	if (s->plan->offset != NULL)
		s->offset = ExecInitExpr(s->plan->offset, &node->ss.ps);
	s->context = AllocSetContextCreate(CurrentMemoryContext, "mmdb fan-out",
									   ALLOCSET_DEFAULT_SIZES);
	s->row_context = AllocSetContextCreate(CurrentMemoryContext, "mmdb fan-out row",
										   ALLOCSET_SMALL_SIZES);
	mm_fanout_bounds_init(s);
	mm_fanout_record_init(s);
	if ((eflags & EXEC_FLAG_EXPLAIN_ONLY) != 0)
		return;
	if (may_have_written(s))
		begin_plain(s, estate, eflags);
	else
		s->remote = load_library();
}

/* ---------- one scan ---------- */

/* All servers' answers are kept in memory, so no larger limit is relied on. */
#define MOST_ROWS	10000

static void
begin_scan(MMFanoutState *s)
{
	MemoryContext old = MemoryContextSwitchTo(s->context);
	int64		rows = mm_limit_rows(s->limit, s->offset, s->css.ss.ps.ps_ExprContext, MOST_ROWS);

	s->scans++;
	s->k = s->plan->limited ? rows : 0;
	s->guess = s->plan->limited ? 0 : rows * 2;
	s->radius = get_float8_infinity();
	s->no_rows = false;
	mm_fanout_parameters(s);
	mm_fanout_bounds_begin(s);
	s->mode = s->k > 0 || s->plan->within ? &mm_fanout_waves : &mm_fanout_batches;
	mm_fanout_record_begin(s);
	if (!s->no_rows)
		s->mode->begin(s);
	MemoryContextSwitchTo(old);
}

static void
end_scan(MMFanoutState *s)
{
	if (s->mode != NULL)
	{
		s->mode->end(s);
		mm_fanout_record_end(s);
	}
	s->mode = NULL;
}

/*
 * The next row of the plain plan, as a row of this scan.
 */
static TupleTableSlot *
next_plain_row(MMFanoutState *s)
{
	TupleTableSlot *slot = s->css.ss.ss_ScanTupleSlot;
	TupleTableSlot *row = ExecProcNode(linitial(s->css.custom_ps));
	ListCell   *lc;
	int			i = 0;

	ExecClearTuple(slot);
	if (TupIsNull(row))
		return slot;
	foreach(lc, s->plan->plain)
	{
		int			source = lfirst_int(lc);

		slot->tts_isnull[i] = true;
		slot->tts_values[i] = source == 0 ? (Datum) 0 :
			slot_getattr(row, source, &slot->tts_isnull[i]);
		i++;
	}
	return ExecStoreVirtualTuple(slot);
}

static TupleTableSlot *
next_row(ScanState *node)
{
	MMFanoutState *s = (MMFanoutState *) node;
	TupleTableSlot *slot;

	if (s->is_plain)
		return next_plain_row(s);
	mm_fanout_record_begin_step(s);
	if (s->mode == NULL)
		begin_scan(s);
	slot = s->no_rows ? ExecClearTuple(node->ss_ScanTupleSlot) : s->mode->next(s);
	mm_fanout_record_end_step(s);
	return slot;
}

/*
 * Rows are never locked, so they are never checked again.
 */
static bool
recheck_row(ScanState *node, TupleTableSlot *slot)
{
	return true;
}

static TupleTableSlot *
exec_node(CustomScanState *node)
{
	TupleTableSlot *slot = ExecScan(&node->ss, next_row, recheck_row);

	if (!TupIsNull(slot))
		mm_fanout_record_row((MMFanoutState *) node);
	return slot;
}

static void
rescan_node(CustomScanState *node)
{
	MMFanoutState *s = (MMFanoutState *) node;

	if (s->is_plain)
	{
		PlanState  *plain = linitial(node->custom_ps);

		if (node->ss.ps.chgParam != NULL)
			UpdateChangedParamSet(plain, node->ss.ps.chgParam);
		if (plain->chgParam == NULL)
			ExecReScan(plain);
	}
	else
	{
		end_scan(s);
		mm_fanout_forget(s);
		MemoryContextReset(s->context);
	}
	ExecScanReScan(&node->ss);
}

static void
end_node(CustomScanState *node)
{
	MMFanoutState *s = (MMFanoutState *) node;

	end_scan(s);
	if (s->is_plain)
		ExecEndNode(linitial(node->custom_ps));
	MemoryContextDelete(s->context);
}

static const CustomExecMethods exec_methods = {
	.CustomName = MM_FANOUT_NAME,
	.BeginCustomScan = begin_node,
	.ExecCustomScan = exec_node,
	.EndCustomScan = end_node,
	.ReScanCustomScan = rescan_node,
	.ExplainCustomScan = mm_fanout_explain,
};

static Node *
create_node(CustomScan *scan)
{
	MMFanoutState *s = (MMFanoutState *) newNode(sizeof(MMFanoutState), T_CustomScanState);

	s->css.methods = &exec_methods;
	return (Node *) s;
}

const CustomScanMethods mm_fanout_methods = {
	.CustomName = MM_FANOUT_NAME,
	.CreateCustomScanState = create_node,
};
