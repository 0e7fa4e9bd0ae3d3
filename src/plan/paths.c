/*-------------------------------------------------------------------------
 *
 * paths.c
 *	  The planner's side of the custom scan.
 *
 * Once the planner has made its own paths for a table, it is told how many rows
 * conditions on weighted sums let through (estimate.c).  Then for each mmdb
 * index of the table, and each use the query has for a sum over its columns, it
 * is offered a path, with its cost; whether that is taken is the planner's
 * decision.  The uses are
 *	- ORDER BY a sum, or minus a sum, descending, with conditions on the same;
 *	- a condition that a sum is at most something, which may come from another
 *	  table of a join;
 *	- ORDER BY a sum with values from other tables, if they have but one row
 *	  (one_row.c);
 *	- conditions joined by OR, each with such a condition in it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/extensible.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"
#include "utils/typcache.h"

#include "am/am.h"
#include "search/cost_model.h"
#include "compat.h"
#include "plan/diagnosis.h"

static bool enable_scan = true;
static set_rel_pathlist_hook_type previous_hook;

/* ---------- what the query wants ---------- */

static Oid
float_opfamily(void)
{
	return lookup_type_cache(FLOAT8OID, TYPECACHE_BTREE_OPFAMILY)->btree_opf;
}

/*
 * A condition that can drive a search; or several, on the same sum.
 */
typedef struct Condition
{
	MMDriver	driver;			/* first: lists of conditions are lists of drivers */
	double		selectivity;
	int			number;			/* in the query */
} Condition;

/*
 * So many conditions drive searches: the most selective ones.  Each may do that
 * alone and with all others, which makes for as many plans, and as much to do in
 * each.  The rest are filters.
 */
#define MOST_CONDITIONS	16

/*
 * Are two sums the same?
 */
static bool
is_same_sum(const MMSum *a, const MMSum *b)
{
	return equal(a->expr, b->expr) && a->negated == b->negated;
}

/*
 * The driver that a condition makes: sum <= bound, however it is written; false
 * if it is something else.  False, too, where another condition must be
 * checked first, of row-level security or a security_barrier view: what the
 * search finds, and how many rows are removed from that, would tell of rows
 * that are not to be seen.  This is the planner's rule for index conditions.
 */
static bool
match_condition(MMOffer *offer, RestrictInfo *rinfo, MMDriver *driver)
{
	MMComparison comparison;

	if (!restriction_is_securely_promotable(rinfo, offer->rel) ||
		!mm_match_comparison(offer, rinfo->clause, true, &comparison))
		return false;
	driver->sum = comparison.sum;
	driver->bounds = list_make1(comparison.bound);
	driver->conditions = list_make1(rinfo->clause);
	driver->sum->outer = bms_union(driver->sum->outer,
								   pull_varnos(offer->root, (Node *) comparison.bound));
	return true;
}

bool
mm_limit_is_known(PlannerInfo *root, RelOptInfo *rel)
{
	Query	   *parse = root->parse;
	Relids		top = rel->top_parent_relids != NULL ? rel->top_parent_relids : rel->relids;

	return parse->limitCount != NULL &&
		parse->limitOption == LIMIT_OPTION_COUNT &&
		parse->commandType == CMD_SELECT &&
		bms_equal(root->all_baserels, top) &&
		list_length(root->query_pathkeys) == 1 &&
		list_length(root->sort_pathkeys) == 1 &&
		parse->rowMarks == NIL && parse->setOperations == NULL &&
		!parse->hasAggs && !parse->hasWindowFuncs && !parse->hasTargetSRFs &&
		parse->groupClause == NIL && parse->groupingSets == NIL &&
		parse->havingQual == NULL && parse->distinctClause == NIL &&
		mm_is_constant(root, parse->limitCount, rel->relid) &&
		(parse->limitOffset == NULL || mm_is_constant(root, parse->limitOffset, rel->relid));
}

/* ---------- paths ---------- */

static Plan *plan_path(PlannerInfo *root, RelOptInfo *rel, CustomPath *best_path,
					   List *tlist, List *clauses, List *custom_plans);
static List *reparameterize_path_lists(PlannerInfo *root, List *custom_private,
									   RelOptInfo *child);

static const CustomPathMethods path_methods = {
	.CustomName = "MMDB Scan",
	.PlanCustomPath = plan_path,
	.ReparameterizeCustomPathByChild = reparameterize_path_lists,
};

/*
 * Index scans can order rows by one distance.  A custom scan does that better,
 * and the executor forgets the place of rows that it puts in order itself, which
 * cursors and locks may want later.
 */
static void
drop_ordered_index_paths(MMOffer *offer)
{
	ListCell   *lc;

	foreach(lc, offer->rel->pathlist)
	{
		IndexPath  *path = lfirst(lc);

		if (IsA(path, IndexPath) && path->indexinfo == offer->info && path->indexorderbys != NIL)
			offer->rel->pathlist = foreach_delete_current(offer->rel->pathlist, lc);
	}
}

/*
 * Offer a path for a plan.
 */
static void
offer_path(MMOffer *offer, MMScanPlan *plan, List *pathkeys)
{
	MMScanPath *scan = (MMScanPath *) newNode(sizeof(MMScanPath), T_CustomPath);
	CustomPath *path = &scan->custom;
	RelOptInfo *rel = offer->rel;
	Relids		outer = bms_copy(rel->lateral_relids);
	List	   *exprs;
	List	   *numbers;

	outer = bms_add_members(outer, offer->outer);
	for (int i = 0; i < plan->ndrivers; i++)
		outer = bms_add_members(outer, plan->drivers[i].sum->outer);
	outer = mm_relids_without(outer, rel->relid);
	plan->index = offer->info->indexoid;

	path->path.pathtype = T_CustomScan;
	path->path.parent = rel;
	path->path.pathtarget = rel->reltarget;
	path->path.param_info = get_baserel_parampathinfo(offer->root, rel, outer);
	if (path->path.param_info != NULL)
		mm_estimate_parameterized(offer->root, rel, path->path.param_info);
	path->path.pathkeys = pathkeys;
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->methods = &path_methods;
	if (!mm_offer_cost(offer, scan, plan))
		return;
	mm_plan_pack(plan, &exprs, &numbers);
	path->path.parallel_safe = rel->consider_parallel &&
		is_parallel_safe(offer->root, (Node *) exprs);
	path->custom_private = list_make2(exprs, numbers);
	if (offer->outer != NULL)
	{
		offer->joined = lappend(offer->joined, path);
		return;
	}
	if (pathkeys != NIL)
		drop_ordered_index_paths(offer);
	add_path(rel, (Path *) path);
}

MMScanPath *
mm_scan_path_of(Path *path)
{
	/* What is projected is left to a scan itself. */
	if (IsA(path, ProjectionPath) && ((ProjectionPath *) path)->dummypp)
		path = ((ProjectionPath *) path)->subpath;
	return IsA(path, CustomPath) && ((CustomPath *) path)->methods == &path_methods &&
		path->param_info == NULL ? (MMScanPath *) path : NULL;
}

static List *
reparameterize_path_lists(PlannerInfo *root, List *custom_private, RelOptInfo *child)
{
	return list_make2(mm_adjust_to_child(root, linitial(custom_private), child),
					  lsecond(custom_private));
}

/*
 * How many of the quals, ordered by cost, are checked before distances are
 * computed: all but those that cost much more.
 */
static int
count_early(PlannerInfo *root, List *quals, const MMScanPlan *plan)
{
	QualCost	distances = {0};
	int			n = 0;
	ListCell   *lc;

	if (quals == NIL)
		return 0;
	for (int i = 0; i < plan->ndrivers; i++)
	{
		QualCost	cost;

		cost_qual_eval_node(&cost, (Node *) plan->drivers[i].sum->expr, root);
		distances.per_tuple += cost.per_tuple;
	}
	foreach(lc, quals)
	{
		QualCost	cost;

		cost_qual_eval_node(&cost, lfirst(lc), root);
		if (cost.per_tuple > mm_cost_model.expensive_by_distances * distances.per_tuple &&
			cost.per_tuple > mm_cost_model.expensive_qual * cpu_operator_cost)
			break;
		n++;
	}
	return n;
}

/*
 * Are there conditions of row-level security or of a security_barrier view
 * among the clauses?  Such a condition has a lower security level than what the
 * query itself says.
 */
static bool
has_security_quals(PlannerInfo *root, List *clauses)
{
	ListCell   *lc;

	foreach(lc, clauses)
		if (lfirst_node(RestrictInfo, lc)->security_level < root->qual_security_level)
			return true;
	return false;
}

static Plan *
plan_path(PlannerInfo *root, RelOptInfo *rel, CustomPath *best_path, List *tlist,
		  List *clauses, List *custom_plans)
{
	CustomScan *scan = makeNode(CustomScan);
	MMScanPlan *plan = mm_plan_unpack(linitial(best_path->custom_private),
									  lsecond(best_path->custom_private));
	List	   *quals = extract_actual_clauses(clauses, false);

	plan->secured = has_security_quals(root, clauses);
	if (plan->secured)
	{
		/*
		 * Nothing that the query says may look at a row before they have let it
		 * pass.  The planner has put the quals into an order that sees to that,
		 * and all of them come before the distances.  A condition that drives
		 * the search may be one of them, and must keep its place.
		 */
		plan->early_quals = list_length(quals);
	}
	else
	{
		/* The scan checks its own conditions itself. */
		for (int i = 0; i < plan->ndrivers; i++)
			quals = list_difference(quals, plan->drivers[i].conditions);
		plan->early_quals = count_early(root, quals, plan);
	}
	/* With quals that come later, it is not the first k that count. */
	if (plan->early_quals < list_length(quals))
		plan->limited = false;

	scan->scan.plan.targetlist = tlist;
	scan->scan.plan.qual = quals;
	scan->scan.scanrelid = rel->relid;
	scan->flags = best_path->flags;
	scan->methods = &mm_scan_methods;
	mm_plan_pack(plan, &scan->custom_exprs, &scan->custom_private);
	return &scan->scan.plan;
}

/* ---------- one index ---------- */

/*
 * Offer a plan by a driver, the order's or a condition's, and with others that
 * must hold as well.
 */
static void
offer_conjunction(MMOffer *offer, const MMScanPlan *like, MMDriver *driver, List *others,
				  List *pathkeys)
{
	MMScanPlan *plan = palloc(sizeof(MMScanPlan));
	ListCell   *lc;

	*plan = *like;
	plan->ordered = pathkeys != NIL;
	plan->drivers = palloc(sizeof(MMDriver) * (1 + list_length(others)));
	plan->drivers[plan->ndrivers++] = *driver;
	foreach(lc, others)
		plan->drivers[plan->ndrivers++] = *(MMDriver *) lfirst(lc);
	offer_path(offer, plan, pathkeys);
}

/*
 * ORDER BY: the rows in the order of the sum that comes first.
 */
static void
offer_order(MMOffer *offer, List *conditions)
{
	PlannerInfo *root = offer->root;
	PathKey    *key;
	Expr	   *expr;
	MMScanPlan	plan = {0};
	MMDriver   *driver;
	List	   *others = NIL;
	ListCell   *lc;

	if (root->query_pathkeys == NIL)
		return;
	key = linitial(root->query_pathkeys);
	if (key->pk_opfamily != float_opfamily() || key->pk_eclass->ec_has_volatile)
		return;
	expr = mm_ec_member_of(key->pk_eclass, offer->rel->relids, offer->outer);
	if (expr == NULL || !mm_sum_mentions((Node *) expr, offer->info))
		return;

	driver = palloc0(sizeof(MMDriver));
	driver->sum = mm_sum_match(root, expr, offer->info, offer->columns,
							   !MM_PATHKEY_ASCENDING(key), NULL);
	if (driver->sum == NULL || !bms_is_subset(driver->sum->outer, offer->outer))
		return;
	/* Conditions on the same sum bound it; others narrow down the search. */
	foreach(lc, conditions)
	{
		MMDriver   *condition = lfirst(lc);

		if (!bms_is_subset(condition->sum->outer, offer->outer))
			continue;
		if (!is_same_sum(condition->sum, driver->sum))
			others = lappend(others, condition);
		else
			driver = condition;
	}

	plan.nulls_first = key->pk_nulls_first;
	plan.limited = offer->outer == NULL && mm_limit_is_known(root, offer->rel);
	if (plan.limited)
	{
		plan.limit = (Expr *) root->parse->limitCount;
		plan.offset = (Expr *) root->parse->limitOffset;
	}
	offer_conjunction(offer, &plan, driver, NIL, list_make1(key));
	if (others != NIL)
		offer_conjunction(offer, &plan, driver, others, list_make1(key));
}

/*
 * A condition, alone and with all others that can be checked with it.
 */
static void
offer_condition(MMOffer *offer, MMDriver *condition, List *conditions)
{
	MMScanPlan	plan = {0};
	List	   *others = NIL;
	ListCell   *lc;

	foreach(lc, conditions)
	{
		MMDriver   *other = lfirst(lc);

		if (other != condition && bms_is_subset(other->sum->outer, condition->sum->outer))
			others = lappend(others, other);
	}
	offer_conjunction(offer, &plan, condition, NIL, NIL);
	if (others != NIL)
		offer_conjunction(offer, &plan, condition, others, NIL);
}

/*
 * A driver for one arm of an OR: any condition in it that will do.
 */
static bool
match_arm(MMOffer *offer, Node *arm, MMDriver *driver)
{
	ListCell   *lc;

	check_stack_depth();
	if (IsA(arm, RestrictInfo))
		return match_condition(offer, (RestrictInfo *) arm, driver);
	if (is_andclause(arm))
		foreach(lc, ((BoolExpr *) arm)->args)
			if (match_arm(offer, lfirst(lc), driver))
				return true;
	return false;
}

/*
 * Conditions joined by OR.  What such a condition of a join implies for this
 * table alone, the planner has found out already.
 */
static void
offer_disjunction(MMOffer *offer, RestrictInfo *rinfo)
{
	List	   *arms = ((BoolExpr *) rinfo->orclause)->args;
	MMScanPlan *plan = palloc0(sizeof(MMScanPlan));
	ListCell   *lc;

	plan->any = true;
	plan->drivers = palloc0(sizeof(MMDriver) * list_length(arms));
	foreach(lc, arms)
	{
		MMDriver   *driver = &plan->drivers[plan->ndrivers++];

		if (!match_arm(offer, lfirst(lc), driver) || driver->sum->outer != NULL)
			return;
		/* They are checked together, by the quals. */
		driver->conditions = NIL;
	}
	offer_path(offer, plan, NIL);
}

/*
 * If a clause is a condition that can drive a search, add it to those of the query,
 * or to the one on the same sum that has all it needs.
 */
static List *
add_condition(MMOffer *offer, List *conditions, RestrictInfo *rinfo)
{
	Condition  *condition = palloc0(sizeof(Condition));
	ListCell   *lc;

	CHECK_FOR_INTERRUPTS();
	if (!match_condition(offer, rinfo, &condition->driver))
		return conditions;
	/* What the clause remembers is our estimate; or there is none. */
	condition->selectivity = rinfo->norm_selec >= 0 ? rinfo->norm_selec : 1.0;
	condition->number = list_length(conditions);
	foreach(lc, conditions)
	{
		Condition  *other = lfirst(lc);

		if (!is_same_sum(other->driver.sum, condition->driver.sum) ||
			!bms_equal(other->driver.sum->outer, condition->driver.sum->outer))
			continue;
		other->driver.bounds = list_concat(other->driver.bounds, condition->driver.bounds);
		other->driver.conditions = list_concat(other->driver.conditions,
											   condition->driver.conditions);
		other->selectivity = Min(other->selectivity, condition->selectivity);
		return conditions;
	}
	return lappend(conditions, condition);
}

static int
compare_selectivities(const ListCell *a, const ListCell *b)
{
	const Condition *x = lfirst(a);
	const Condition *y = lfirst(b);

	return x->selectivity != y->selectivity ? (x->selectivity > y->selectivity ? 1 : -1) :
		x->number - y->number;
}

/*
 * Does the query have a use for an index, as far as a glance can tell?
 */
static bool
is_of_interest(PlannerInfo *root, RelOptInfo *rel, IndexOptInfo *info)
{
	ListCell   *lc;

	if (info->amcostestimate != mmdb_costestimate)
		return false;
	if (root->query_pathkeys != NIL)
	{
		Expr	   *expr = mm_ec_member_of(((PathKey *) linitial(root->query_pathkeys))->pk_eclass,
										   rel->relids, NULL);

		if (expr != NULL && mm_sum_mentions((Node *) expr, info))
			return true;
	}
	foreach(lc, rel->baserestrictinfo)
		if (mm_sum_mentions((Node *) lfirst_node(RestrictInfo, lc)->clause, info))
			return true;
	foreach(lc, rel->joininfo)
		if (mm_sum_mentions((Node *) lfirst_node(RestrictInfo, lc)->clause, info))
			return true;
	return false;
}

/*
 * The query's conditions that are drivers (of MMDriver); those joined by OR are
 * offered.
 */
static List *
match_conditions(MMOffer *offer)
{
	RelOptInfo *rel = offer->rel;
	List	   *conditions = NIL;
	ListCell   *lc;

	foreach(lc, rel->baserestrictinfo)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, lc);

		if (rinfo->orclause != NULL)
		{
			if (offer->outer == NULL)
				offer_disjunction(offer, rinfo);
		}
		else
			conditions = add_condition(offer, conditions, rinfo);
	}
	foreach(lc, rel->joininfo)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, lc);

		/* Not what is to be checked above an outer join, even if of us alone. */
		if (join_clause_is_movable_to(rinfo, rel))
			conditions = add_condition(offer, conditions, rinfo);
	}
	if (list_length(conditions) > MOST_CONDITIONS)
	{
		list_sort(conditions, compare_selectivities);
		conditions = list_truncate(conditions, MOST_CONDITIONS);
	}
	return conditions;
}

static void
offer_index(MMOffer *offer)
{
	List	   *conditions = match_conditions(offer);
	ListCell   *lc;

	foreach(lc, conditions)
		offer_condition(offer, lfirst(lc), conditions);
	offer_order(offer, conditions);
}

/*
 * Is this the first table of a query that has paths?
 */
static bool
is_first_table(PlannerInfo *root, const RelOptInfo *rel)
{
	for (int i = 1; i < root->simple_rel_array_size; i++)
	{
		RelOptInfo *other = root->simple_rel_array[i];

		if (other != NULL && other != rel && other->rtekind == RTE_RELATION &&
			other->pathlist != NIL && !IS_DUMMY_REL(other))
			return false;
	}
	return true;
}

List *
mm_offer_joined(PlannerInfo *root, RelOptInfo *rel, IndexOptInfo *info, Relids outer)
{
	MMOffer    *offer = mm_offer_open(root, rel, info);

	if (offer == NULL)
		return NIL;
	offer->outer = outer;
	offer_order(offer, match_conditions(offer));
	return offer->joined;
}

bool
mm_scan_is_enabled(void)
{
	return enable_scan;
}

bool
mm_may_offer(RelOptInfo *rel, RangeTblEntry *rte)
{
	return enable_scan && rte->rtekind == RTE_RELATION && !rte->inh && rte->tablesample == NULL &&
		!IS_DUMMY_REL(rel) &&
		(rte->relkind == RELKIND_RELATION || rte->relkind == RELKIND_MATVIEW);
}

/*
 * Called for each table of a query, once the planner has its own paths.
 */
static void
offer_paths(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *rte)
{
	List	   *interesting = NIL;
	ListCell   *lc;

	if (is_first_table(root, rel))
		mm_estimate_tables(root);
	if (previous_hook != NULL)
		previous_hook(root, rel, rti, rte);
	mm_diagnose(root, rel, rte);
	if (rte->rtekind != RTE_RELATION || rte->inh || IS_DUMMY_REL(rel) ||
		(rte->relkind != RELKIND_RELATION && rte->relkind != RELKIND_MATVIEW))
		return;
	foreach(lc, rel->indexlist)
		if (is_of_interest(root, rel, lfirst_node(IndexOptInfo, lc)))
			interesting = lappend(interesting, lfirst(lc));
	if (interesting == NIL)
		return;
	mm_estimate_paths(root, rel);
	if (!mm_may_offer(rel, rte))
		return;
	foreach(lc, interesting)
	{
		MMOffer    *offer = mm_offer_open(root, rel, lfirst(lc));

		if (offer != NULL)
			offer_index(offer);
	}
}

/*
 * Plans that are kept were made under another setting.
 */
static void
assign_enable_scan(bool newval, void *extra)
{
	if (newval != enable_scan)
		ResetPlanCache();
}

void
mm_plan_init(void)
{
	DefineCustomBoolVariable("mmdb.enable_scan",
							 "Enables the planner's use of mmdb scans for weighted sums of distances.",
							 NULL,
							 &enable_scan,
							 true,
							 PGC_USERSET,
							 GUC_EXPLAIN,
							 NULL, assign_enable_scan, NULL);
	RegisterCustomScanMethods(&mm_scan_methods);
	previous_hook = set_rel_pathlist_hook;
	set_rel_pathlist_hook = offer_paths;
}
