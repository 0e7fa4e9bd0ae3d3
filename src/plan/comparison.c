/*-------------------------------------------------------------------------
 *
 * comparison.c
 *	  An index and a query's conditions: comparisons of sums over its columns.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/stratnum.h"
#include "catalog/pg_type.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "compat.h"
#include "plan/offer.h"

MMOffer *
mm_offer_open(PlannerInfo *root, RelOptInfo *rel, IndexOptInfo *info)
{
	MMOffer    *offer;
	Relation	index;

	if (info->amcostestimate != mmdb_costestimate || info->hypothetical ||
		(info->indpred != NIL && !info->predOK))
		return NULL;
	offer = palloc0(sizeof(MMOffer));
	offer->root = root;
	offer->rel = rel;
	offer->info = info;
	index = index_open(info->indexoid, NoLock);
	offer->statistics = mm_meta_read(index, 0);
	/* Otherwise its type was altered: REINDEX. */
	if (mm_columns_fit(index, offer->statistics->ncolumns))
		offer->columns = mm_columns_open(index);
	index_close(index, NoLock);
	return offer->columns != NULL ? offer : NULL;
}

bool
mm_match_comparison(MMOffer *offer, Expr *condition, MMComparison *comparison)
{
	OpExpr	   *op = (OpExpr *) condition;
	Expr	   *sum;
	Oid			opfamily = lookup_type_cache(FLOAT8OID, TYPECACHE_BTREE_OPFAMILY)->btree_opf;
	int			strategy;

	if (!IsA(op, OpExpr) || list_length(op->args) != 2)
		return false;
	strategy = get_op_opfamily_strategy(op->opno, opfamily);
	if (strategy == 0 || strategy == BTEqualStrategyNumber)
		return false;
	sum = linitial(op->args);
	comparison->bound = lsecond(op->args);
	comparison->less = strategy == BTLessStrategyNumber || strategy == BTLessEqualStrategyNumber;
	comparison->or_equal = strategy == BTLessEqualStrategyNumber ||
		strategy == BTGreaterEqualStrategyNumber;
	if (mm_is_constant(offer->root, (Node *) sum, offer->rel->relid))
	{
		comparison->bound = sum;
		sum = lsecond(op->args);
		comparison->less = !comparison->less;
	}
	if (!mm_is_constant(offer->root, (Node *) comparison->bound, offer->rel->relid))
		return false;
	comparison->sum = mm_sum_match(offer->root, sum, offer->info, offer->columns);
	return comparison->sum != NULL;
}
