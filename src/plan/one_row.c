/*-------------------------------------------------------------------------
 *
 * one_row.c
 *	  ORDER BY a sum whose values come from another relation that has only one
 *	  row: a common table expression that computes the object asked for, or an
 *	  item whose key is given.
 *
 * To the planner this is the order of a join, which it can produce only by
 * sorting, because a nested loop has the order of its outer side.  But with a
 * single outer row, it has the order of its inner side.  So a nested loop is
 * offered, in the query's order.  On its inner side is a scan that gets its
 * values as parameters.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "miscadmin.h"

#include "compat.h"
#include "plan/offer.h"

static set_join_pathlist_hook_type previous_hook;

/*
 * Is it clear from a query that it returns at most one row?
 */
static bool
says_one_row(const Query *query)
{
	const Const *limit = (const Const *) query->limitCount;

	if (limit != NULL && IsA(limit, Const) && !limit->constisnull &&
		DatumGetInt64(limit->constvalue) <= 1 && query->limitOption == LIMIT_OPTION_COUNT)
		return true;
	return (query->hasAggs || query->havingQual != NULL) && query->groupClause == NIL &&
		query->groupingSets == NIL && query->setOperations == NULL && !query->hasTargetSRFs;
}

/*
 * Does a query that has been planned return at most one row?
 */
static bool
query_has_one_row(PlannerInfo *subroot)
{
	const Query *query = subroot->parse;

	if (query->commandType != CMD_SELECT)
		return false;
	if (says_one_row(query))
		return true;
	return query->setOperations == NULL && !query->hasTargetSRFs &&
		query->groupingSets == NIL && mm_has_one_row(subroot, subroot->all_baserels);
}

/*
 * The planner's data about a common table expression, or NULL if there are
 * none.
 */
static PlannerInfo *
cte_root(PlannerInfo *root, const RangeTblEntry *rte)
{
	int			n = 0;
	ListCell   *lc;

	if (rte->self_reference)
		return NULL;
	for (Index level = rte->ctelevelsup; level > 0 && root != NULL; level--)
		root = root->parent_root;
	if (root == NULL)
		return NULL;
	foreach(lc, root->parse->cteList)
	{
		if (strcmp(lfirst_node(CommonTableExpr, lc)->ctename, rte->ctename) == 0)
		{
			int			plan = n < list_length(root->cte_plan_ids) ?
				list_nth_int(root->cte_plan_ids, n) : -1;

			return plan > 0 ? list_nth(root->glob->subroots, plan - 1) : NULL;
		}
		n++;
	}
	return NULL;
}

static bool
relation_has_one_row(PlannerInfo *root, RelOptInfo *rel)
{
	RangeTblEntry *rte = root->simple_rte_array[rel->relid];
	PlannerInfo *subroot;
	ListCell   *lc;

	switch (rte->rtekind)
	{
		case RTE_RESULT:
			return true;
		case RTE_VALUES:
			return list_length(rte->values_lists) <= 1;
		case RTE_FUNCTION:
			foreach(lc, rte->functions)
				if (expression_returns_set(lfirst_node(RangeTblFunction, lc)->funcexpr))
					return false;
			return true;
		case RTE_RELATION:
			/* A key and constants for it are enough. */
			return relation_has_unique_index_for(root, rel, NIL, NIL, NIL);
		case RTE_SUBQUERY:
			return rel->subroot != NULL && query_has_one_row(rel->subroot);
		case RTE_CTE:
			subroot = cte_root(root, rte);
			return subroot != NULL && query_has_one_row(subroot);
		default:
			return false;
	}
}

bool
mm_has_one_row(PlannerInfo *root, Relids relids)
{
	int			relid = -1;
	ListCell   *lc;

	check_stack_depth();

	/* A full join of two single rows has two rows if they do not match. */
	foreach(lc, root->join_info_list)
		if (lfirst_node(SpecialJoinInfo, lc)->jointype == JOIN_FULL)
			return false;
	while ((relid = bms_next_member(relids, relid)) >= 0)
	{
		RelOptInfo *rel = root->simple_rel_array[relid];

		/* Joins are members, too, since PostgreSQL 16. */
		if (rel != NULL && !relation_has_one_row(root, rel))
			return false;
	}
	return true;
}

/*
 * May a scan of inner, for the one row of outer, produce the order of their
 * join?
 */
static bool
is_of_interest(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *outer, RelOptInfo *inner)
{
	PathKey    *key;

	if (inner->reloptkind != RELOPT_BASEREL || root->query_pathkeys == NIL ||
		!bms_is_empty(joinrel->lateral_relids) || !bms_is_empty(inner->lateral_relids) ||
		outer->cheapest_total_path == NULL || outer->cheapest_total_path->param_info != NULL ||
		!bms_is_subset(outer->relids, root->all_baserels) ||
		!mm_may_offer(inner, root->simple_rte_array[inner->relid]))
		return false;
	key = linitial(root->query_pathkeys);
	return mm_ec_member_of(key->pk_eclass, inner->relids, outer->relids) != NULL &&
		mm_has_one_row(root, outer->relids);
}

/*
 * Called for each way to join two relations, after the planner has made its
 * own paths.
 */
static void
offer_joins(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *outer, RelOptInfo *inner,
			JoinType jointype, JoinPathExtraData *extra)
{
	ListCell   *lc;
	ListCell   *lc2;

	if (previous_hook != NULL)
		previous_hook(root, joinrel, outer, inner, jointype, extra);
	if (jointype != JOIN_INNER || !is_of_interest(root, joinrel, outer, inner))
		return;
	foreach(lc, inner->indexlist)
	{
		IndexOptInfo *info = lfirst_node(IndexOptInfo, lc);

		if (!mm_is_usable(info))
			continue;
		foreach(lc2, mm_offer_joined(root, inner, info, outer->relids))
		{
			Path	   *scan = lfirst(lc2);
			JoinCostWorkspace workspace;

			initial_cost_nestloop(root, &workspace, jointype, outer->cheapest_total_path, scan, extra);
			add_path(joinrel, (Path *)
					 create_nestloop_path(root, joinrel, jointype, &workspace, extra,
										  outer->cheapest_total_path, scan, extra->restrictlist,
										  list_make1(linitial(root->query_pathkeys)), NULL));
		}
	}
}

void
mm_one_row_init(void)
{
	previous_hook = set_join_pathlist_hook;
	set_join_pathlist_hook = offer_joins;
}
