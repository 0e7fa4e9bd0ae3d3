/*-------------------------------------------------------------------------
 *
 * region_sum.c
 *	  Weighted sums over the columns by which a table is divided into regions.
 *
 * A region tree has columns with operator classes, as an index has.  So what is a
 * weighted sum is recognized as for an index (plan/sum.c), by an index that exists
 * only here.  The parent's own index may be about other columns.
 *
 * The parent's own indexes have no rows here.  They tell what kind of query a search
 * is, for the statistics of queries.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/table.h"
#include "commands/defrem.h"
#include "nodes/makefuncs.h"
#include "rewrite/rewriteManip.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "fanout/fanout.h"
#include "mmdb.h"
#include "plan/offer.h"

MMColumns *
mm_fanout_tree_columns(const MMRegionTree *tree)
{
	MMColumns  *columns = palloc0(sizeof(MMColumns));

	for (int i = 0; i < tree->ncolumns && i < MM_MAX_COLUMNS; i++)
	{
		MMColumn   *column = &columns->columns[columns->n++];

		column->name = tree->columns[i].name;
		column->key = column->component = i;
		column->type = tree->columns[i].type;
		column->typlen = tree->columns[i].typlen;
		column->typbyval = tree->columns[i].typbyval;
		column->opclass = tree->columns[i].opclass;
		column->space = tree->columns[i].space;
	}
	return columns;
}

/*
 * An index over the columns of a tree, given as expressions.
 */
static IndexOptInfo *
make_index(RelOptInfo *rel, const MMColumns *columns, List *exprs)
{
	IndexOptInfo *info = makeNode(IndexOptInfo);

	info->rel = rel;
	info->relam = get_index_am_oid(MM_AM_NAME, false);
	info->ncolumns = info->nkeycolumns = columns->n;
	info->indexkeys = palloc0(sizeof(int) * columns->n);
	info->opfamily = palloc0(sizeof(Oid) * columns->n);
	for (int i = 0; i < columns->n; i++)
	{
		Node	   *expr = copyObject(list_nth(exprs, i));

		info->opfamily[i] = get_opclass_family(columns->columns[i].opclass);
		if (IsA(expr, Var))
			info->indexkeys[i] = ((Var *) expr)->varattno;
		else
		{
			ChangeVarNodes(expr, 1, (int) rel->relid, 0);
			info->indexprs = lappend(info->indexprs, expr);
		}
	}
	return info;
}

/*
 * Make the driver of the sum that bounds servers: that of the order, with the
 * conditions on it, or else of the first condition.  Returns false if there is none.
 */
static bool
match_driver(MMOffer *offer, Expr *key, bool descending, List *clauses, MMDriver *driver)
{
	ListCell   *lc;

	if (key != NULL)
	{
		driver->sum = mm_sum_match(offer->root, key, offer->info, offer->columns, descending, NULL);
		if (driver->sum == NULL || driver->sum->outer != NULL)
			return false;
	}
	foreach(lc, clauses)
	{
		MMComparison comparison;

		if (!mm_match_comparison(offer, lfirst_node(RestrictInfo, lc)->clause, true, &comparison) ||
			comparison.sum->outer != NULL)
			continue;
		if (driver->sum == NULL)
			driver->sum = comparison.sum;
		else if (!equal(driver->sum->expr, comparison.sum->expr) ||
				 driver->sum->negated != comparison.sum->negated)
			continue;
		driver->bounds = lappend(driver->bounds, comparison.bound);
	}
	return driver->sum != NULL;
}

MMScanPlan *
mm_fanout_match(PlannerInfo *root, RelOptInfo *rel, Oid relid, Expr *key, bool descending,
				List *clauses)
{
	Relation	parent = table_open(relid, NoLock);
	MMScanPlan *plan = palloc0(sizeof(MMScanPlan));
	MMOffer		offer = {.root = root, .rel = rel};
	const MMRegionTree *tree;
	Datum		value;
	List	   *columns;
	bool		matched = false;

	plan->ordered = key != NULL;
	plan->ndrivers = 1;
	plan->drivers = palloc0(sizeof(MMDriver));
	if (mm_region_key(parent, &value, &columns))
	{
		tree = mm_fanout_tree(value);
		if (tree->method == MM_REGION_TREE && tree->ncolumns <= MM_MAX_COLUMNS)
		{
			offer.columns = mm_fanout_tree_columns(tree);
			offer.info = make_index(rel, offer.columns, columns);
			matched = match_driver(&offer, key, descending, clauses, plan->drivers);
		}
	}
	table_close(parent, NoLock);
	return matched ? plan : NULL;
}

/*
 * The columns of an index of the table, as expressions.
 */
static List *
index_columns(Relation index)
{
	List	   *exprs = RelationGetIndexExpressions(index);
	List	   *result = NIL;

	for (int i = 0; i < IndexRelationGetNumberOfKeyAttributes(index); i++)
	{
		AttrNumber	attnum = index->rd_index->indkey.values[i];
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(index), i);

		if (attnum != 0)
			result = lappend(result, makeVar(1, attnum, att->atttypid, att->atttypmod,
											 att->attcollation, 0));
		else
		{
			result = lappend(result, linitial(exprs));
			exprs = list_delete_first(exprs);
		}
	}
	return result;
}

List *
mm_fanout_offers(PlannerInfo *root, RelOptInfo *rel, Oid relid)
{
	Relation	parent = table_open(relid, NoLock);
	Oid			am = get_index_am_oid(MM_AM_NAME, false);
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, RelationGetIndexList(parent))
	{
		Relation	index = relation_open(lfirst_oid(lc), AccessShareLock);

		if (index->rd_rel->relam == am && RelationGetIndexPredicate(index) == NIL)
		{
			MMOffer    *offer = palloc0(sizeof(MMOffer));

			offer->root = root;
			offer->rel = rel;
			offer->columns = mm_columns_open(index);
			/* The attributes of a composite are no expressions of the index. */
			if (offer->columns->composite == NULL)
			{
				offer->info = make_index(rel, offer->columns, index_columns(index));
				offer->info->indexoid = RelationGetRelid(index);
				result = lappend(result, offer);
			}
		}
		relation_close(index, NoLock);
	}
	table_close(parent, NoLock);
	return result;
}

MMScanPlan *
mm_fanout_match_index(PlannerInfo *root, RelOptInfo *rel, Oid relid, Expr *key, bool descending,
					  List *clauses)
{
	ListCell   *lc;

	foreach(lc, mm_fanout_offers(root, rel, relid))
	{
		MMOffer    *offer = lfirst(lc);
		MMDriver   *driver = palloc0(sizeof(MMDriver));
		MMScanPlan *plan;

		if (!match_driver(offer, key, descending, clauses, driver))
			continue;
		plan = palloc0(sizeof(MMScanPlan));
		plan->index = offer->info->indexoid;
		plan->ordered = key != NULL;
		plan->ndrivers = 1;
		plan->drivers = driver;
		return plan;
	}
	return NULL;
}
