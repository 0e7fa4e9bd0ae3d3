/*-------------------------------------------------------------------------
 *
 * cost.c
 *	  The cost of an index scan, from what its search is expected to do
 *	  (search/estimate.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/genam.h"
#include "access/sysattr.h"
#include "catalog/pg_type.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "utils/rel.h"
#include "utils/selfuncs.h"
#include "utils/spccache.h"

#include "am/am.h"
#include "am/cost.h"
#include "model/model.h"
#include "search/cost_model.h"
#include "compat.h"

/* Half of the distances are below this part of the scale. */
#define MEDIAN	0.5

/* This is more than any plan costs, even with disabled parts in it. */
#define NEVER	1e30

/*
 * Are there conditions of row-level security on a table, or on the one it is a
 * partition of?  (Those of a security_barrier view that can be updated count as
 * such, as they do for the planner's own estimates; see examine_variable.)
 */
static bool
has_security_quals(PlannerInfo *root, Index relid)
{
	while (root->simple_rte_array[relid]->securityQuals == NIL)
	{
		if (root->append_rel_array == NULL || root->append_rel_array[relid] == NULL)
			return false;
		relid = root->append_rel_array[relid]->parent_relid;
	}
	return true;
}

MMMeta *
mm_planner_statistics(PlannerInfo *root, const RelOptInfo *rel, MMMeta *measured)
{
	MMMeta	   *assumed;

	if (!has_security_quals(root, rel->relid))
		return measured;

	/* EXPLAIN shows estimates: by asking for many radii, it would show the distances. */
	assumed = mm_meta_empty(measured->ncolumns);
	for (int i = 0; i < assumed->ncolumns; i++)
	{
		assumed->columns[i].mean = MEDIAN;
		assumed->columns[i].variance = MEDIAN * MEDIAN / (2 * mm_cost_model.assumed_dimension);
	}
	return assumed;
}

Cost
mm_cost_of_search(Oid tablespace, const MMSearchEstimate *estimate)
{
	double		random_page_cost_here;

	get_tablespace_page_costs(tablespace, &random_page_cost_here, NULL);
	return estimate->pages * random_page_cost_here / mm_cost_model.index_pages_per_miss +
		estimate->entries * cpu_operator_cost * mm_cost_model.bounding;
}

Cost
mm_cost_of_rows(Oid tablespace, double pages)
{
	double		random_page_cost_here;

	get_tablespace_page_costs(tablespace, &random_page_cost_here, NULL);
	return pages * random_page_cost_here / mm_cost_model.table_pages_per_miss;
}

/*
 * Estimate what an index scan asks for: the nearest rows by one column, or by
 * all of a composite.
 */
static void
estimate_index_scan(PlannerInfo *root, Relation index, const IndexPath *path, double tuples,
					MMSearchEstimate *estimate)
{
	MMMeta	   *measured = mm_meta_read(index, 0);
	MMMeta	   *meta = mm_planner_statistics(root, path->indexinfo->rel, measured);
	double		weights[MM_MAX_COLUMNS];
	double		trained[MM_MAX_COLUMNS];
	int			only = index->rd_opcintype[0] != RECORDOID && path->indexorderbycols != NIL ?
		linitial_int(path->indexorderbycols) : -1;

	for (int i = 0; i < meta->ncolumns; i++)
		weights[i] = only >= 0 && i != only ? 0.0 : 1.0 / meta->columns[i].scale;
	mm_model_weights(measured, mm_meta_model(index, measured), trained);
	mm_estimate_nearest(meta, weights, trained, path->indexinfo->pages, tuples, 1.0, estimate);
}

/*
 * Does the query need the place of the table's rows, as UPDATE, DELETE and FOR
 * UPDATE do?
 */
static bool
place_is_asked_for(const RelOptInfo *rel)
{
	Bitmapset  *columns = NULL;
	ListCell   *lc;

	pull_varattnos((Node *) rel->reltarget->exprs, rel->relid, &columns);
	foreach(lc, rel->baserestrictinfo)
		pull_varattnos((Node *) lfirst_node(RestrictInfo, lc)->clause, rel->relid, &columns);
	return bms_is_member(SelfItemPointerAttributeNumber - FirstLowInvalidHeapAttributeNumber,
						 columns);
}

void
mmdb_costestimate(PlannerInfo *root, IndexPath *path, double loop_count,
				  Cost *indexStartupCost, Cost *indexTotalCost,
				  Selectivity *indexSelectivity, double *indexCorrelation,
				  double *indexPages)
{
	GenericCosts costs = {0};
	Relation	index;
	MMSearchEstimate estimate;
	double		pages = Max(path->indexinfo->pages, 1);
	double		entries_per_page = path->indexinfo->tuples / pages;
	double		visited;
	double		spc_random_page_cost;
	Cost		per_page;

	get_tablespace_page_costs(path->indexinfo->reltablespace, &spc_random_page_cost, NULL);
	index = index_open(path->indexinfo->indexoid, NoLock);
	estimate_index_scan(root, index, path, path->indexinfo->tuples, &estimate);
	index_close(index, NoLock);
	visited = estimate.pages;
	per_page = spc_random_page_cost + entries_per_page * cpu_operator_cost * mm_cost_model.bounding;

	if (path->indexorderbys == NIL)
		costs.numIndexTuples = 0;	/* genericcostestimate works it out */
	else
		costs.numIndexTuples = path->indexinfo->tuples;
	genericcostestimate(root, path, loop_count, &costs);

	*indexSelectivity = costs.indexSelectivity;
	*indexCorrelation = 0.0;
	*indexPages = costs.numIndexPages;
	*indexStartupCost = *indexTotalCost = 0.0;
	if (path->indexorderbys != NIL)
	{
		/* These must be read and verified before the first row is known. */
		double		candidates = visited * entries_per_page / mm_cost_model.entries_per_candidate;

		*indexStartupCost = visited * per_page +
			Min(candidates, path->indexinfo->tuples) * (spc_random_page_cost + cpu_tuple_cost);
		*indexTotalCost = *indexStartupCost + (pages - visited) * per_page +
			path->indexinfo->tuples * (cpu_index_tuple_cost + 2 * cpu_operator_cost);
	}
	else
	{
		visited = Min(visited + pages * costs.indexSelectivity, pages);
		*indexTotalCost = visited * per_page +
			costs.indexSelectivity * path->indexinfo->tuples * cpu_index_tuple_cost;
		if (path->indexclauses == NIL)
			*indexTotalCost += disable_cost;	/* nothing to search for */
	}

	/*
	 * The executor puts rows in the order of several distances, but not those
	 * whose first distance is NULL: it would not look at the second.  And rows
	 * that it has put in order no longer know their place.  An index-only scan might
	 * count a row that VACUUM is removing: searches keep no pins that it waits for.
	 */
	if (path->path.pathtype == T_IndexOnlyScan || list_length(path->indexorderbys) > 1 ||
		(path->indexorderbys != NIL && place_is_asked_for(path->indexinfo->rel)))
	{
		*indexStartupCost = *indexTotalCost = NEVER;
		MM_DISABLE_PATH(&path->path);
	}
}
