/*-------------------------------------------------------------------------
 *
 * cost.c
 *	  Cost of an index scan.
 *
 * How much of the tree a search reads before its first row depends on the
 * hidden dimension of what it asks for (mean^2 / (2 variance) of the distances;
 * Chavez et al., "Searching in metric spaces", 2001): a query in a space of
 * dimension d cuts about l^(d / (d + 2)) of l leaves.  It is a model, not a
 * law; it makes the index cheap for one number and dear for random vectors of
 * a hundred dimensions, as it should be.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/genam.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "utils/rel.h"
#include "utils/selfuncs.h"
#include "utils/spccache.h"

#include "am/am.h"
#include "compat.h"

/* More than any plan costs, with what is disabled in it. */
#define NEVER	1e30

/* Of the entries of visited leaves, one in this many is verified. */
#define ENTRIES_PER_CANDIDATE	20

/*
 * The hidden dimension of the sum of an index's columns, or of the column that
 * the scan is ordered by.
 */
static double
hidden_dimension(Relation index, const IndexPath *path)
{
	MMColumns  *columns = mm_columns_open(index);
	MMMeta	   *meta = mm_meta_read(index, columns->n);
	double		mean = 0.0;
	double		variance = 0.0;
	int			only = -1;

	if (columns->composite == NULL && path->indexorderbycols != NIL)
		only = linitial_int(path->indexorderbycols);
	for (int i = 0; i < columns->n; i++)
	{
		const MMColumnStatistics *stats = &meta->columns[i];

		if (only >= 0 && i != only)
			continue;
		mean += stats->mean / stats->scale;
		variance += stats->variance / (stats->scale * stats->scale);
	}
	return variance > 0 ? mean * mean / (2 * variance) : 0.0;
}

void
mmdb_costestimate(PlannerInfo *root, IndexPath *path, double loop_count,
				  Cost *indexStartupCost, Cost *indexTotalCost,
				  Selectivity *indexSelectivity, double *indexCorrelation,
				  double *indexPages)
{
	GenericCosts costs = {0};
	Relation	index;
	double		dimension;
	double		pages = Max(path->indexinfo->pages, 1);
	double		entries_per_page = path->indexinfo->tuples / pages;
	double		visited;
	double		spc_random_page_cost;
	Cost		per_page;

	get_tablespace_page_costs(path->indexinfo->reltablespace, &spc_random_page_cost, NULL);
	index = index_open(path->indexinfo->indexoid, NoLock);
	dimension = hidden_dimension(index, path);
	index_close(index, NoLock);
	visited = Min(pow(pages, dimension / (dimension + 2)) + 1, pages);
	per_page = spc_random_page_cost + entries_per_page * cpu_operator_cost * 0.1;

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
		/* What must be read and verified before the first row is known. */
		double		candidates = visited * entries_per_page / ENTRIES_PER_CANDIDATE;

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
	 * whose first distance is NULL: it would not look at the second.
	 */
	if (list_length(path->indexorderbys) > 1)
	{
		*indexStartupCost = *indexTotalCost = NEVER;
		MM_DISABLE_PATH(&path->path);
	}
}
