/*-------------------------------------------------------------------------
 *
 * partition_paths.c
 *	  One ordered search over the partitions of a table, or over a table and its
 *	  children by inheritance: the planner's side.
 *
 * The planner merges what its partitions have in the order that a query asks for.
 * Where at least two of a MergeAppend's inputs are scans of ours, a custom path is
 * offered above it, which searches them together (partition_scan.c).  Everything
 * else is the MergeAppend's: what is in its inputs, how partitions are pruned,
 * and how attributes are numbered in each of them.
 *
 * There are two places where such a path is offered.  Joins, and tables with
 * children by inheritance, take it from the paths of the table.  But where the
 * table is all that a query reads, the planner makes new paths for a partitioned
 * one, after the hook for its paths; so the path is offered for the query's order.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/pathnodes.h"
#include "nodes/plannodes.h"
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
	scan->custom_private = copyObject(best_path->custom_private);
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
 * What is saved by searching all inputs for the k nearest together, and not for k in
 * each.  The rows that are wanted are expected in each according to its size.
 */
static Cost
cost_saved(const MergeAppendPath *merge)
{
	double		tuples = 0.0;
	Cost		saved = 0.0;
	ListCell   *lc;

	foreach(lc, merge->subpaths)
		tuples += Max(((Path *) lfirst(lc))->parent->tuples, 1);
	foreach(lc, merge->subpaths)
	{
		Path	   *path = lfirst(lc);
		const MMScanPath *scan = mm_scan_path_of(path);

		if (scan != NULL)
			saved += (scan->custom.path.startup_cost - scan->first_cost) *
				(1 - Max(path->parent->tuples, 1) / tuples);
	}
	return saved;
}

/*
 * A path above a MergeAppend, or NULL if that is of no use.  The MergeAppend is
 * copied, as it may be dropped.
 */
static CustomPath *
make_path(const MergeAppendPath *merge)
{
	CustomPath *custom;
	MergeAppendPath *copy;
	int			searches = 0;
	Cost		saved;
	ListCell   *lc;

	if (list_length(merge->path.pathkeys) != 1 || merge->path.param_info != NULL)
		return NULL;
	foreach(lc, merge->subpaths)
		searches += mm_scan_path_of(lfirst(lc)) != NULL;
	if (searches < 2)
		return NULL;
	copy = makeNode(MergeAppendPath);
	memcpy(copy, merge, sizeof(MergeAppendPath));

	custom = makeNode(CustomPath);
	custom->path = merge->path;
	custom->path.type = T_CustomPath;
	custom->path.pathtype = T_CustomScan;
	saved = Min(cost_saved(merge), merge->path.startup_cost);
	custom->path.startup_cost -= saved;
	custom->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	custom->custom_paths = list_make1(copy);
	custom->custom_private = list_make1_int(!MM_PATHKEY_ASCENDING(linitial_node(PathKey, merge->path.pathkeys)));
	custom->methods = &path_methods;
	return custom;
}

/*
 * Paths above the MergeAppends among others.
 */
static List *
make_paths(const List *pathlist)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, pathlist)
		if (IsA(lfirst(lc), MergeAppendPath))
		{
			CustomPath *custom = make_path(lfirst(lc));

			if (custom != NULL)
				result = lappend(result, custom);
		}
	return result;
}

/*
 * Called for each table of a query, once the planner has its own paths.
 */
static void
offer_for_table(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *rte)
{
	ListCell   *lc;

	if (previous_rel_hook != NULL)
		previous_rel_hook(root, rel, rti, rte);
	/* Partitions of partitions are merged with all others. */
	if (rte->rtekind != RTE_RELATION || !rte->inh || rel->reloptkind != RELOPT_BASEREL)
		return;
	foreach(lc, make_paths(rel->pathlist))
		add_path(rel, lfirst(lc));
}

/*
 * Called once the planner has its own paths for a query's order.
 */
static void
offer_for_order(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input,
				RelOptInfo *output, void *extra)
{
	double		limit = root->parse->hasTargetSRFs ? -1.0 : root->limit_tuples;
	PathTarget *target = root->upper_targets[UPPERREL_ORDERED];
	ListCell   *lc;

	if (previous_upper_hook != NULL)
		previous_upper_hook(root, stage, input, output, extra);
	if (stage != UPPERREL_ORDERED || !IS_PARTITIONED_REL(input) ||
		input->reloptkind != RELOPT_BASEREL)
		return;
	foreach(lc, make_paths(input->pathlist))
	{
		Path	   *path = lfirst(lc);
		int			presorted;

		if (!pathkeys_count_contained_in(root->sort_pathkeys, path->pathkeys, &presorted))
		{
			if (presorted == 0 || !enable_incremental_sort)
				continue;
			path = (Path *) create_incremental_sort_path(root, output, path, root->sort_pathkeys,
														 presorted, limit);
		}
		if (path->pathtarget != target)
			path = apply_projection_to_path(root, output, path, target);
		add_path(output, path);
	}
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
