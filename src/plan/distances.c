/*-------------------------------------------------------------------------
 *
 * distances.c
 *	  Which operators are distances, and where they are in expressions.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_amop.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/catcache.h"
#include "utils/syscache.h"

#include "plan/sum.h"

bool
mm_is_distance(Oid operator)
{
	CatCList   *list = SearchSysCacheList1(AMOPOPID, ObjectIdGetDatum(operator));
	bool		result = false;

	for (int i = 0; i < list->n_members; i++)
		result |= ((Form_pg_amop) GETSTRUCT(&list->members[i]->tuple))->amoppurpose == AMOP_ORDER;
	ReleaseSysCacheList(list);
	return result;
}

static bool
mentions_distance_walker(Node *node, void *arg)
{
	if (node == NULL)
		return false;
	if (IsA(node, OpExpr) && mm_is_distance(((OpExpr *) node)->opno))
		return true;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, mentions_distance_walker, arg, 0);
	return expression_tree_walker(node, mentions_distance_walker, arg);
}

bool
mm_query_mentions_distance(Query *query)
{
	return query_tree_walker(query, mentions_distance_walker, NULL, 0);
}

bool
mm_mentions_distance(Node *node)
{
	return mentions_distance_walker(node, NULL);
}

typedef struct DistanceSearch
{
	PlannerInfo *root;
	Index		relid;
	List	   *found;
} DistanceSearch;

static bool
distances_walker(Node *node, void *arg)
{
	DistanceSearch *search = arg;
	OpExpr	   *op = (OpExpr *) node;

	if (node == NULL)
		return false;
	if (IsA(node, OpExpr) && list_length(op->args) == 2 && mm_is_distance(op->opno) &&
		bms_is_member(search->relid, pull_varnos(search->root, node)))
	{
		search->found = list_append_unique(search->found, node);
		return false;
	}
	return expression_tree_walker(node, distances_walker, arg);
}

List *
mm_distances_of(PlannerInfo *root, Index relid, Node *node)
{
	DistanceSearch search = {.root = root, .relid = relid};

	distances_walker(node, &search);
	return search.found;
}
