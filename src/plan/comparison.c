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
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "am/am.h"
#include "am/cost.h"
#include "compat.h"
#include "model/kept.h"
#include "plan/offer.h"

bool
mm_is_usable(const IndexOptInfo *info)
{
	return info->amcostestimate == mmdb_costestimate && !info->hypothetical &&
		(info->indpred == NIL || info->predOK);
}

MMOffer *
mm_offer_open(PlannerInfo *root, RelOptInfo *rel, IndexOptInfo *info)
{
	MMOffer    *offer;
	Relation	index;
	MMMeta	   *meta;

	if (!mm_is_usable(info))
		return NULL;
	offer = palloc0(sizeof(MMOffer));
	offer->root = root;
	offer->rel = rel;
	offer->info = info;
	index = index_open(info->indexoid, NoLock);
	offer->columns = mm_kept_columns(index);
	meta = mm_meta_read(index, offer->columns->n);
	offer->statistics = mm_planner_statistics(root, rel, meta);
	mm_model_weights(meta, mm_meta_model(index, meta), offer->trained);
	mm_forest_open(index, meta, mm_meta_model(index, meta), &offer->forest);
	for (int i = 0; i < offer->forest.n; i++)
		offer->forest.of[i] = memcpy(palloc(sizeof(MMSubindex)), offer->forest.of[i], sizeof(MMSubindex));
	index_close(index, NoLock);
	return offer;
}

/*
 * Minus a bound, which is a float8 or a float4.
 */
static Expr *
negate(Expr *bound)
{
	if (exprType((Node *) bound) == FLOAT4OID)
		bound = (Expr *) makeFuncExpr(F_FLOAT8_FLOAT4, FLOAT8OID, list_make1(bound),
									  InvalidOid, InvalidOid, COERCE_IMPLICIT_CAST);
	return (Expr *) makeFuncExpr(F_FLOAT8UM, FLOAT8OID, list_make1(bound),
								 InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL);
}

bool
mm_match_comparison(MMOffer *offer, Expr *condition, bool at_most, MMComparison *comparison)
{
	OpExpr	   *op = (OpExpr *) condition;
	Oid			opfamily = lookup_type_cache(FLOAT8OID, TYPECACHE_BTREE_OPFAMILY)->btree_opf;
	int			strategy;
	Expr	   *expr;
	Expr	   *bound;
	bool		less;			/* the condition is that expr is less than bound */
	bool		negated;

	if (!IsA(op, OpExpr) || list_length(op->args) != 2)
		return false;
	strategy = get_op_opfamily_strategy(op->opno, opfamily);
	if (strategy == 0 || strategy == BTEqualStrategyNumber)
		return false;
	less = strategy == BTLessStrategyNumber || strategy == BTLessEqualStrategyNumber;
	expr = linitial(op->args);
	bound = lsecond(op->args);
	if (mm_is_constant(offer->root, (Node *) expr, offer->rel->relid))
	{
		bound = expr;
		expr = lsecond(op->args);
		less = !less;
	}
	if (!mm_is_constant(offer->root, (Node *) bound, offer->rel->relid))
		return false;
	negated = less != at_most;
	comparison->sum = mm_sum_match(offer->root, expr, offer->info, offer->columns, negated, NULL);
	comparison->bound = negated ? negate(bound) : bound;
	comparison->or_equal = strategy == BTLessEqualStrategyNumber ||
		strategy == BTGreaterEqualStrategyNumber;
	return comparison->sum != NULL;
}
