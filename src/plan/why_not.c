/*-------------------------------------------------------------------------
 *
 * why_not.c
 *	  mm_why_not: which sums of distances a query has, which index answers
 *	  them, and if none does, why not.
 *
 * The query is parsed and planned as it would be for the caller, with the
 * caller's rights and search_path, but it is not run.  A caller who may not
 * run it gets the error that running it would give.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/skey.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/index.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_proc.h"
#include "commands/defrem.h"
#include "commands/extension.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/params.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

#include "compat.h"
#include "index/elsewhere.h"
#include "plan/diagnosis.h"

PG_FUNCTION_INFO_V1(mm_why_not);

/*
 * The single statement of a text.
 */
static RawStmt *
parse_one(const char *text)
{
	List	   *statements = pg_parse_query(text);

	if (statements == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("there is no query in the text")));
	if (list_length(statements) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("there are several statements in the text"),
				 errhint("Ask about one query at a time.")));
	return linitial_node(RawStmt, statements);
}

static bool
is_same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* ---------- what a plan uses ---------- */

/* The only good verdicts. */
static const char answered[] = "the index answers it";
static const char answered_by_servers[] = "the servers answer it, each by its own index";

/*
 * A scan in a plan: of an index, or a fan-out.
 */
typedef struct UsedScan
{
	const char *alias;
	Oid			other;			/* an index of another access method, in an order; or
								 * InvalidOid */
	MMScanPlan *plan;			/* NULL: it is a fan-out, or that index */
	bool		ordered;		/* a fan-out in an order, or within radii */
	bool		within;
} UsedScan;

static bool
is_good(const char *verdict)
{
	return verdict == answered || verdict == answered_by_servers;
}

static Oid
access_method(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			result;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relid);
	result = ((Form_pg_class) GETSTRUCT(tuple))->relam;
	ReleaseSysCache(tuple);
	return result;
}

static void find_scans(const PlannedStmt *stmt, Plan *plan, List **scans);

static void
find_scans_in(const PlannedStmt *stmt, List *plans, List **scans)
{
	ListCell   *lc;

	foreach(lc, plans)
		find_scans(stmt, lfirst(lc), scans);
}

static void
find_scans(const PlannedStmt *stmt, Plan *plan, List **scans)
{
	CustomScan *custom = (CustomScan *) plan;

	if (plan == NULL)
		return;
	check_stack_depth();
	if (IsA(plan, CustomScan) &&
		(custom->methods == &mm_scan_methods || custom->methods == mm_servers_diagnosis->methods))
	{
		UsedScan   *scan = palloc0(sizeof(UsedScan));

		scan->alias = rt_fetch(custom->scan.scanrelid, stmt->rtable)->eref->aliasname;
		if (custom->methods == &mm_scan_methods)
			scan->plan = mm_plan_unpack(custom->custom_exprs, custom->custom_private);
		else
			mm_servers_diagnosis->read_scan(custom, &scan->ordered, &scan->within);
		*scans = lappend(*scans, scan);
	}
	if (IsA(plan, IndexScan) && ((IndexScan *) plan)->indexorderby != NIL &&
		access_method(((IndexScan *) plan)->indexid) != get_index_am_oid(MM_AM_NAME, false))
	{
		UsedScan   *scan = palloc0(sizeof(UsedScan));

		scan->alias = rt_fetch(((Scan *) plan)->scanrelid, stmt->rtable)->eref->aliasname;
		scan->other = ((IndexScan *) plan)->indexid;
		*scans = lappend(*scans, scan);
	}
	if (IsA(plan, CustomScan))
		find_scans_in(stmt, custom->custom_plans, scans);
	if (IsA(plan, Append))
		find_scans_in(stmt, ((Append *) plan)->appendplans, scans);
	if (IsA(plan, MergeAppend))
		find_scans_in(stmt, ((MergeAppend *) plan)->mergeplans, scans);
	if (IsA(plan, SubqueryScan))
		find_scans(stmt, ((SubqueryScan *) plan)->subplan, scans);
	find_scans(stmt, outerPlan(plan), scans);
	find_scans(stmt, innerPlan(plan), scans);
}

/*
 * Does a scan answer what a finding is about?
 */
static bool
answers(const UsedScan *scan, const MMFinding *finding)
{
	bool		has_conditions;

	if (OidIsValid(scan->other) || finding->on_servers != (scan->plan == NULL))
		return false;
	if (scan->plan == NULL)
		return strcmp(scan->alias, finding->alias) == 0 &&
			(finding->ordered ? scan->ordered : scan->within);
	has_conditions = scan->plan->any;
	if (scan->plan->index != finding->index || strcmp(scan->alias, finding->alias) != 0)
		return false;
	for (int i = 0; i < scan->plan->ndrivers; i++)
		has_conditions |= scan->plan->drivers[i].conditions != NIL;
	return finding->ordered ? scan->plan->ordered : has_conditions;
}

/*
 * The index of another access method that gives the order which a finding is about;
 * InvalidOid if none does.
 */
static Oid
other_index(const MMFinding *finding, List *scans)
{
	ListCell   *lc;

	foreach(lc, scans)
	{
		const UsedScan *scan = lfirst(lc);

		if (OidIsValid(scan->other) && finding->ordered && strcmp(scan->alias, finding->alias) == 0)
			return scan->other;
	}
	return InvalidOid;
}

/*
 * Say that such an index gives the order.
 */
static void
judge_other(MMFinding *finding, Oid index)
{
	const char *am = get_am_name(access_method(index));
	bool		approximate = strcmp(am, "hnsw") == 0 || strcmp(am, "ivfflat") == 0;

	finding->verdict = psprintf("index %s gives the order, by %s%s", quote_identifier(get_rel_name(index)), am,
								approximate ? ", which is approximate" : "");
	finding->hint = psprintf("Write %s + 0, whose order only mmdb gives%s, or drop that index.", finding->expression,
							 approximate ? " and gives exactly" : "");
}

/*
 * Let the plan decide the verdict.
 */
static void
judge(MMFinding *finding, List *scans)
{
	Oid			other = other_index(finding, scans);
	ListCell   *lc;

	foreach(lc, scans)
		if (answers(lfirst(lc), finding))
		{
			finding->verdict = finding->on_servers ? answered_by_servers : answered;
			finding->hint = NULL;
			return;
		}
	if (OidIsValid(finding->index) && mm_is_distributed(IndexGetRelation(finding->index, false)))
	{
		finding->verdict = "the index has it, and each shard of the distributed table is planned for by itself";
		finding->hint = "EXPLAIN shows the plan of one of the shards.";
	}
	else if (!mm_scan_is_enabled())
	{
		finding->verdict = "scans of mmdb indexes are turned off";
		finding->hint = "SET mmdb.enable_scan = on";
	}
	else if (finding->ordered && finding->outer != NULL &&
			 !mm_has_one_row(finding->root, finding->outer))
	{
		finding->verdict = "its values come from a relation that may have several rows";
		finding->hint = "Take them from (SELECT ...), which is one value, or sort in a LATERAL subquery, for each of its rows.";
	}
	else if (finding->unless != NULL)
		finding->verdict = finding->unless;
	else if (OidIsValid(other))
		judge_other(finding, other);
	else if (finding->on_servers && finding->ordered && list_length(finding->root->parse->sortClause) > 1)
	{
		finding->verdict = "the servers have it, but the order has other keys, too";
		finding->hint = "The servers are searched together for the order of the distance alone. Order and LIMIT by that in a subquery, whose rows are then sorted by the other keys.";
	}
	else if (finding->on_servers)
	{
		finding->verdict = "the servers have it, but the planner expects another plan to cost less";
		finding->hint = "It needs to know how many rows there are: ANALYZE the table here, if they have changed.";
	}
	else
	{
		finding->verdict = "the index has it, but the planner expects another plan to cost less";
		finding->hint = "SET enable_seqscan = off, enable_sort = off, and EXPLAIN ANALYZE show whether that is so. A LIMIT makes the index cheaper; a small table, or weights on few of its columns, dearer.";
	}
}

/*
 * If one index answers a sum, or a scan of one of two tables does, the other
 * need not answer it.
 */
static bool
is_answered_otherwise(const MMFinding *finding, List *findings)
{
	ListCell   *lc;

	if (finding->alias == NULL || is_good(finding->verdict))
		return false;
	foreach(lc, findings)
	{
		const MMFinding *other = lfirst(lc);

		if (is_good(other->verdict) && is_same_text(finding->place, other->place) &&
			is_same_text(finding->expression, other->expression))
			return true;
	}
	return false;
}

/* ---------- the function ---------- */

/*
 * Plan a query, which adds to the diagnosis.
 */
static void
diagnose_query(Query *query, const char *text)
{
	PlannedStmt *stmt = pg_plan_query(query, text, CURSOR_OPT_PARALLEL_OK, mm_diagnosis->params);
	List	   *scans = NIL;
	ListCell   *lc;

	mm_check_permissions(stmt);
	find_scans(stmt, stmt->planTree, &scans);
	find_scans_in(stmt, stmt->subplans, &scans);
	foreach(lc, mm_diagnosis->findings)
	{
		MMFinding  *finding = lfirst(lc);

		if (finding->verdict == NULL)
			judge(finding, scans);
	}
}

/*
 * Look for functions written in SQL whose body the planner has put in the
 * place of a call.  It does so where it can, and then no longer sees a
 * distance.
 */
static bool
inlined_walker(Node *node, void *arg)
{
	OpExpr	   *op = (OpExpr *) node;

	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, inlined_walker, arg, 0);
	if (IsA(node, OpExpr) && list_length(op->args) == 2 && mm_is_distance(op->opno))
	{
		Node	   *simplified = eval_const_expressions(NULL, copyObject(node));

		if (!IsA(simplified, Const) &&
			!(IsA(simplified, OpExpr) && get_opcode(((OpExpr *) simplified)->opno) == get_opcode(op->opno)))
		{
			MMFinding  *finding = palloc0(sizeof(MMFinding));

			finding->expression = format_operator(op->opno);
			finding->verdict = psprintf("the planner puts the body of its function, %s, in its place",
										format_procedure(get_opcode(op->opno)));
			finding->hint = "It does so with functions in SQL. Add a SET clause to the function, as SET search_path = pg_catalog, or write it in another language.";
			mm_diagnosis->findings = lappend(mm_diagnosis->findings, finding);
		}
	}
	return expression_tree_walker(node, inlined_walker, arg);
}

/*
 * What a query calls in the place of distances.
 */
typedef struct Calls
{
	const char *search;			/* odbknn or odbrange, or NULL */
	const char *distance;		/* a function of an operator that is a distance, or NULL */
	const char *operator;		/* that operator */
	const char *other;			/* another function of two arguments or more, or NULL */
} Calls;

/*
 * The operator of a function, if that is a distance; InvalidOid if none is.
 */
static Oid
operator_of(Oid function)
{
	Relation	rel = table_open(OperatorRelationId, AccessShareLock);
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple	tuple;
	Oid			result = InvalidOid;

	/* There is no index for this. */
	ScanKeyInit(&key, Anum_pg_operator_oprcode, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(function));
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 1, &key);
	while (!OidIsValid(result) && (tuple = systable_getnext(scan)) != NULL)
		if (mm_is_distance(((Form_pg_operator) GETSTRUCT(tuple))->oid))
			result = ((Form_pg_operator) GETSTRUCT(tuple))->oid;
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return result;
}

static bool
calls_walker(Node *node, void *arg)
{
	Calls	   *calls = arg;
	FuncExpr   *call = (FuncExpr *) node;

	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, calls_walker, arg, 0);
	if (IsA(node, FuncExpr) && call->funcformat == COERCE_EXPLICIT_CALL && list_length(call->args) >= 2)
	{
		char	   *name = get_func_name(call->funcid);
		Oid			operator = operator_of(call->funcid);

		if (call->funcretset && (strcmp(name, "odbknn") == 0 || strcmp(name, "odbrange") == 0) &&
			getExtensionOfObject(ProcedureRelationId, call->funcid) == get_extension_oid("mmdb", true))
			calls->search = name;
		else if (OidIsValid(operator))
		{
			calls->distance = name;
			calls->operator = get_opname(operator);
		}
		else if (get_func_namespace(call->funcid) != PG_CATALOG_NAMESPACE)
			calls->other = name;
	}
	return expression_tree_walker(node, calls_walker, arg);
}

/*
 * Report that the query makes no use of distances that a table could answer.
 */
static void
diagnose_nothing(List *queries)
{
	MMFinding  *finding = palloc0(sizeof(MMFinding));
	bool		mentioned = false;
	Calls		calls = {NULL};
	ListCell   *lc;

	foreach(lc, queries)
	{
		mentioned |= mm_query_mentions_distance(lfirst_node(Query, lc));
		(void) query_tree_walker(lfirst_node(Query, lc), calls_walker, &calls, 0);
	}
	if (calls.search != NULL)
	{
		finding->verdict = psprintf("%s plans a query of its own", calls.search);
		finding->hint = "Ask about that: SELECT from the table, with ORDER BY or a condition on the distance that mm_distance_sql shows.";
	}
	else if (mentioned)
	{
		finding->verdict = "no rows are asked for by a distance";
		finding->hint = "An index answers ORDER BY a sum of distances, and conditions that a sum is at most something, of the rows of a table.";
	}
	else
	{
		finding->verdict = "there is no distance in the query";
		finding->hint = "A distance is an operator of a metric between a column and a value; mmdb.index_columns lists those of your indexes.";
		if (calls.distance != NULL)
			finding->hint = psprintf("Functions are not looked at: write the operator %s in the place of %s.",
									 calls.operator, calls.distance);
		else if (calls.other != NULL)
			finding->hint = psprintf("Functions such as %s are not looked at. %s", calls.other, finding->hint);
	}
	mm_diagnosis->findings = list_make1(finding);
}

static Datum
optional_text(const char *text, bool *isnull)
{
	*isnull = text == NULL;
	return text != NULL ? CStringGetTextDatum(text) : (Datum) 0;
}

static bool
is_same(const MMFinding *a, const MMFinding *b)
{
	return a->index == b->index && is_same_text(a->place, b->place) &&
		is_same_text(a->expression, b->expression) && is_same_text(a->verdict, b->verdict);
}

/*
 * Put findings into the result, each of them once: the planner may look at a
 * relation several times.
 */
static void
return_findings(List *findings, ReturnSetInfo *rsinfo)
{
	List	   *seen = NIL;
	ListCell   *lc;

	foreach(lc, findings)
	{
		const MMFinding *finding = lfirst(lc);
		Datum		values[5];
		bool		isnull[5];
		bool		repeated = is_answered_otherwise(finding, findings);
		ListCell   *lc2;

		foreach(lc2, seen)
			repeated |= is_same(finding, lfirst(lc2));
		if (repeated)
			continue;
		seen = lappend(seen, lfirst(lc));
		values[0] = optional_text(finding->place, &isnull[0]);
		values[1] = optional_text(finding->expression, &isnull[1]);
		values[2] = ObjectIdGetDatum(finding->index);
		isnull[2] = !OidIsValid(finding->index);
		values[3] = optional_text(finding->verdict, &isnull[3]);
		values[4] = optional_text(finding->hint, &isnull[4]);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, isnull);
	}
}

/*
 * Let the position of an error refer to the query's text, not to that of the
 * statement that calls us.
 */
static void
query_error_context(void *arg)
{
	const char *sql = arg;
	int			position = geterrposition();

	if (position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery(sql);
	}
	errcontext("query that mm_why_not was asked about");
}

/*
 * mm_why_not(query text)
 */
Datum
mm_why_not(PG_FUNCTION_ARGS)
{
	char	   *sql = text_to_cstring(PG_GETARG_TEXT_PP(0));
	MMDiagnosis *outer = mm_diagnosis;
	MMDiagnosis diagnosis = {
		.params = makeParamList(0),
		.context = CurrentMemoryContext,
	};
	RawStmt    *statement;
	List	   *queries;
	ErrorContextCallback callback;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	callback.callback = query_error_context;
	callback.arg = sql;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	statement = parse_one(sql);
	queries = mm_analyze_and_rewrite(statement, sql);
	foreach(lc, queries)
		if (lfirst_node(Query, lc)->commandType == CMD_UTILITY)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("mm_why_not is about queries, not about %s",
							GetCommandTagName(CreateCommandTag(statement->stmt))),
					 errhint("Give the query alone: a SELECT, INSERT, UPDATE or DELETE.")));
	mm_diagnosis = &diagnosis;
	PG_TRY();
	{
		foreach(lc, queries)
			(void) query_tree_walker(lfirst_node(Query, lc), inlined_walker, NULL, 0);
		foreach(lc, queries)
			diagnose_query(copyObject(lfirst_node(Query, lc)), sql);
		if (diagnosis.findings == NIL)
			diagnose_nothing(queries);
	}
	PG_FINALLY();
	{
		mm_diagnosis = outer;
	}
	PG_END_TRY();
	error_context_stack = callback.previous;
	return_findings(diagnosis.findings, (ReturnSetInfo *) fcinfo->resultinfo);
	return (Datum) 0;
}
