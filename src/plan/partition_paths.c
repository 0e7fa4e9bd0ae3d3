/*-------------------------------------------------------------------------
 *
 * partition_paths.c
 *	  One ordered search over the partitions of a table, or over a table and its
 *	  children by inheritance: the planner's side.
 *
 * Where at least two partitions can be searched in the order that a query asks for, a
 * custom path is offered that searches them together (partition_scan.c).  It stands
 * above a MergeAppend of the partitions' paths, and that sees to everything else: how
 * partitions are pruned when the plan is run, what must be sorted, and how attributes
 * are numbered in each partition.
 *
 * There are two places where such a path is offered.  Joins, and tables with
 * children by inheritance, take it from the paths of the table.  But where the
 * table is all that a query reads, the planner makes new paths for a partitioned
 * one, after the hook for its paths; so the path is offered for the query's order.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/plannodes.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planner.h"
#include "parser/parsetree.h"

#include "compat.h"
#include "plan/offer.h"
#include "plan/partitions.h"

static set_rel_pathlist_hook_type previous_rel_hook;
static create_upper_paths_hook_type previous_upper_hook;

/* ---------- the plan ---------- */

/*
 * Keep searches from computing what they are ordered by once more, for each row that they
 * return: the scan knows it.  It takes the executor long to make that ready in each
 * partition, too.  The first partition goes on computing it, as EXPLAIN shows the order
 * by that.
 *
 * Not if rows may be checked once more, after another transaction has changed them: the
 * scan does not know of these.  Nor with subplans, which a node finds in what it
 * computes; nor if the order is that of a column which is equal.  Returns whether it was
 * done.
 */
static bool
drop_order(PlannerInfo *root, MergeAppend *merge)
{
	int			column = merge->sortColIdx[0] - 1;
	Node	   *order = (Node *) ((TargetEntry *) list_nth(merge->plan.targetlist, column))->expr;
	ListCell   *lc;

	if (root->parse->commandType != CMD_SELECT || root->rowMarks != NIL ||
		IsA(order, Var) || exprType(order) != FLOAT8OID || contain_subplans(order))
		return false;
	for_each_from(lc, merge->mergeplans, 1)
	{
		CustomScan *scan = lfirst(lc);
		TargetEntry *entry;

		if (!IsA(scan, CustomScan) || scan->methods != &mm_scan_methods)
			continue;
		entry = list_nth(scan->scan.plan.targetlist, column);
		entry->expr = (Expr *) makeNullConst(FLOAT8OID, -1, InvalidOid);
	}
	return true;
}

static Plan *
plan_path(PlannerInfo *root, RelOptInfo *rel, CustomPath *best_path, List *tlist,
		  List *clauses, List *custom_plans)
{
	CustomScan *scan = makeNode(CustomScan);
	Plan	   *merge = linitial(custom_plans);

	/* A column to sort by may have been added, and hidden by a projection. */
	if (IsA(merge, Result))
		merge = outerPlan(merge);
	scan->scan.plan.targetlist = tlist;
	scan->custom_plans = list_make1(castNode(MergeAppend, merge));
	scan->custom_scan_tlist = copyObject(merge->targetlist);
	scan->custom_private = lappend_int(copyObject(best_path->custom_private),
									   drop_order(root, castNode(MergeAppend, merge)));
	scan->flags = best_path->flags;
	scan->methods = &mm_partition_scan_methods;
	return &scan->scan.plan;
}

static const CustomPathMethods path_methods = {
	.CustomName = "MMDB Partition Scan",
	.PlanCustomPath = plan_path,
};

/* ---------- paths ---------- */

/*
 * What is put together.
 */
typedef struct Inputs
{
	List	   *pathkeys;		/* the order: one key */
	List	   *paths;
	int			searches;		/* scans of ours among them */
	bool		complete;		/* there is a path for each partition */
	double		tuples;
} Inputs;

/*
 * Add the best path of a partition in the order, or else the one that is best to be
 * sorted.
 */
static void
add_input(Inputs *inputs, RelOptInfo *rel)
{
	Path	   *path = get_cheapest_path_for_pathkeys(rel->pathlist, inputs->pathkeys, NULL,
													  STARTUP_COST, false);

	if (path == NULL)
		path = rel->cheapest_total_path;
	if (path == NULL || path->param_info != NULL)
	{
		inputs->complete = false;
		return;
	}
	inputs->paths = lappend(inputs->paths, path);
	inputs->searches += mm_scan_path_of(path) != NULL;
	inputs->tuples += Max(rel->tuples, 1);
}

/*
 * Add paths for all that a table is made of.  Partitions of partitions are merged
 * with all others.
 */
static void
add_inputs(PlannerInfo *root, Inputs *inputs, RelOptInfo *parent)
{
	ListCell   *lc;

	check_stack_depth();
	foreach(lc, root->append_rel_list)
	{
		AppendRelInfo *append = lfirst_node(AppendRelInfo, lc);
		RelOptInfo *child;

		if (append->parent_relid != parent->relid)
			continue;
		child = find_base_rel(root, append->child_relid);
		if (IS_DUMMY_REL(child))
			continue;
		if (root->simple_rte_array[child->relid]->inh)
			add_inputs(root, inputs, child);
		else
			add_input(inputs, child);
	}
}

/*
 * What is saved by searching all inputs for the k nearest together, and not for k in
 * each.  The rows that are wanted are expected in each according to its size.
 */
static Cost
cost_saved(const Inputs *inputs)
{
	Cost		saved = 0.0;
	ListCell   *lc;

	foreach(lc, inputs->paths)
	{
		Path	   *path = lfirst(lc);
		const MMScanPath *scan = mm_scan_path_of(path);

		if (scan != NULL)
			saved += (scan->custom.path.startup_cost - scan->first_cost) *
				(1 - Max(path->parent->tuples, 1) / inputs->tuples);
	}
	return saved;
}

/*
 * The path of one search of all partitions of a table, in the order of the query's
 * first key; NULL if there are not two of them to be searched.
 */
static CustomPath *
make_path(PlannerInfo *root, RelOptInfo *rel, List *pathkeys)
{
	Inputs		inputs = {.complete = true};
	MergeAppendPath *merge;
	CustomPath *custom;

	if (pathkeys == NIL || !bms_is_empty(rel->lateral_relids) || IS_DUMMY_REL(rel))
		return NULL;
	inputs.pathkeys = list_make1(linitial(pathkeys));
	add_inputs(root, &inputs, rel);
	if (!inputs.complete || inputs.searches < 2)
		return NULL;
	merge = create_merge_append_path(root, rel, inputs.paths, inputs.pathkeys, NULL);
	custom = makeNode(CustomPath);
	custom->path = merge->path;
	custom->path.type = T_CustomPath;
	custom->path.pathtype = T_CustomScan;
	custom->path.startup_cost -= Min(cost_saved(&inputs), merge->path.startup_cost);
	custom->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	custom->custom_paths = list_make1(merge);
	custom->custom_private = list_make1_int(!MM_PATHKEY_ASCENDING(linitial_node(PathKey, pathkeys)));
	custom->methods = &path_methods;
	return custom;
}

/*
 * Called for each table of a query, once the planner has its own paths.
 */
static void
offer_for_table(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *rte)
{
	CustomPath *path;

	if (previous_rel_hook != NULL)
		previous_rel_hook(root, rel, rti, rte);
	if (rte->rtekind != RTE_RELATION || !rte->inh || rel->reloptkind != RELOPT_BASEREL)
		return;
	path = make_path(root, rel, root->query_pathkeys);
	if (path != NULL)
		add_path(rel, (Path *) path);
}

/*
 * Called once the planner has its own paths for a query's order.  Of these, nothing is
 * looked at: some of the input's have been freed.
 */
static void
offer_for_order(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input,
				RelOptInfo *output, void *extra)
{
	PathTarget *target = root->upper_targets[UPPERREL_ORDERED];
	Path	   *path;
	int			presorted;

	if (previous_upper_hook != NULL)
		previous_upper_hook(root, stage, input, output, extra);
	if (stage != UPPERREL_ORDERED || !IS_PARTITIONED_REL(input) ||
		input->reloptkind != RELOPT_BASEREL)
		return;
	path = (Path *) make_path(root, input, root->sort_pathkeys);
	if (path == NULL)
		return;
	if (!pathkeys_count_contained_in(root->sort_pathkeys, path->pathkeys, &presorted))
	{
		if (!enable_incremental_sort)
			return;
		path = (Path *) create_incremental_sort_path(root, output, path, root->sort_pathkeys, presorted,
													 root->parse->hasTargetSRFs ? -1.0 : root->limit_tuples);
	}
	if (path->pathtarget != target)
		path = apply_projection_to_path(root, output, path, target);
	add_path(output, path);
}

void
mm_partitions_init(void)
{
	RegisterCustomScanMethods(&mm_partition_scan_methods);
	previous_rel_hook = set_rel_pathlist_hook;
	set_rel_pathlist_hook = offer_for_table;
	previous_upper_hook = create_upper_paths_hook;
	create_upper_paths_hook = offer_for_order;
}
