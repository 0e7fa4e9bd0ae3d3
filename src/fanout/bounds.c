/*-------------------------------------------------------------------------
 *
 * bounds.c
 *	  What the values of the order are at least, on each server.
 *
 * A server's bound is the least of its regions', and these are told by the region
 * tree in the parent's partition key: rows that are elsewhere than the tree says
 * cannot be, as each server's partitions reject them.  Without a tree, or where
 * the order is no weighted sum over its columns, or not one that can be bounded
 * (because of a negative weight, for instance), any value may be anywhere.
 *
 * Bounds are lower bounds of the order's value, or of minus that value if the order
 * descends.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "partitioning/partbounds.h"
#include "partitioning/partdesc.h"
#include "utils/float.h"
#include "utils/rel.h"

#include "fanout/fanout.h"

typedef struct MMFanoutBounds
{
	const MMRegionTree *tree;
	MMColumns  *columns;
	MMSumState *sum;
	int		   *server;			/* of each of the tree's regions; -1: of none */
} MMFanoutBounds;

/*
 * The number of the server that has a partition, or -1.
 */
static int
server_of(const MMFanoutState *s, Oid partition)
{
	for (int i = 0; i < s->nservers; i++)
		if (s->servers[i].relid == partition)
			return i;
	return -1;
}

/*
 * Which server has which region; also, which server may have any rows.
 */
static void
assign_regions(MMFanoutState *s, MMFanoutBounds *bounds)
{
	PartitionDesc desc = RelationGetPartitionDesc(s->css.ss.ss_currentRelation, false);
	PartitionBoundInfo info = desc->boundinfo;
	int		   *servers = palloc(sizeof(int) * Max(desc->nparts, 1));

	for (int i = 0; i < desc->nparts; i++)
		servers[i] = server_of(s, desc->oids[i]);
	bounds->server = palloc(sizeof(int) * bounds->tree->nregions);
	for (int i = 0; i < bounds->tree->nregions; i++)
		bounds->server[i] = -1;
	for (int i = 0; i < info->ndatums; i++)
	{
		int			place = mm_region_place(bounds->tree, DatumGetInt32(info->datums[i][0]));

		if (place >= 0 && info->indexes[i] >= 0)
			bounds->server[place] = servers[info->indexes[i]];
	}
	/* A default partition has what no other has. */
	if (partition_bound_has_default(info) && servers[info->default_index] >= 0)
		for (int i = 0; i < bounds->tree->nregions; i++)
			if (bounds->server[i] < 0)
				bounds->server[i] = servers[info->default_index];
}

void
mm_fanout_bounds_init(MMFanoutState *s)
{
	MMFanoutBounds *bounds;
	Datum		value;
	List	   *columns;

	if (s->plan->sums == NULL || !mm_region_key(s->css.ss.ss_currentRelation, &value, &columns))
		return;
	bounds = palloc0(sizeof(MMFanoutBounds));
	bounds->tree = mm_fanout_tree(value);
	bounds->columns = mm_fanout_tree_columns(bounds->tree);
	bounds->sum = mm_sum_init(&s->plan->sums->drivers[0], bounds->columns, &s->css);
	assign_regions(s, bounds);
	s->bounding = bounds;
}

/*
 * The terms of the sum that are distances of the tree's columns.  Leaving others out
 * makes bounds lower, no more.
 */
static int
region_terms(MMFanoutBounds *bounds, MMRegionTerm **result)
{
	MMTerm	   *terms;
	bool		complete;
	int			nterms = mm_sum_search_terms(bounds->sum, bounds->columns, &terms, &complete);
	int			n = 0;

	*result = palloc(sizeof(MMRegionTerm) * Max(nterms, 1));
	for (int i = 0; i < nterms; i++)
	{
		/* A value of another type, or a function of a distance. */
		if (terms[i].coordinates != NULL || terms[i].curve != NULL)
			continue;
		(*result)[n++] = (MMRegionTerm) {
			.column = terms[i].column,
			.value = terms[i].value,
			.weight = terms[i].weight,
			.missing = terms[i].missing == MM_MISSING_NULL ? get_float8_infinity() :
				terms[i].missing,
		};
	}
	return n;
}

static void
bound_servers(MMFanoutState *s)
{
	MMFanoutBounds *bounds = s->bounding;
	double	   *lower = palloc(sizeof(double) * bounds->tree->nregions);
	MMRegionTerm *terms;
	int			n = region_terms(bounds, &terms);

	mm_region_bounds(bounds->tree, n, terms, lower);
	for (int i = 0; i < s->nservers; i++)
		s->servers[i].bound = get_float8_infinity();
	for (int i = 0; i < bounds->tree->nregions; i++)
	{
		MMFanoutServer *server;
		double		bound = isinf(lower[i]) ? lower[i] : mm_sum_least_value(bounds->sum, lower[i]);

		if (bounds->server[i] < 0)
			continue;
		server = &s->servers[bounds->server[i]];
		server->bound = Min(server->bound, bound);
	}
	pfree(lower);
}

static int
compare_bounds(const void *a, const void *b)
{
	const MMFanoutServer *x = *(MMFanoutServer *const *) a;
	const MMFanoutServer *y = *(MMFanoutServer *const *) b;

	return x->bound != y->bound ? (x->bound < y->bound ? -1 : 1) : x < y ? -1 : x > y;
}

void
mm_fanout_bounds_begin(MMFanoutState *s)
{
	for (int i = 0; i < s->nservers; i++)
		s->servers[i].bound = -get_float8_infinity();
	if (s->bounding == NULL)
		return;
	mm_sum_begin(s->bounding->sum, s->css.ss.ps.ps_ExprContext);
	/* A comparison with NULL is not true. */
	s->no_rows = s->bounding->sum->null_bound;
	if (!isnan(s->bounding->sum->bound))
		s->radius = s->bounding->sum->bound;
	if (s->bounding->sum->kind == MM_SUM_WEIGHTED)
		bound_servers(s);
	qsort(s->by_bound, s->nservers, sizeof(MMFanoutServer *), compare_bounds);
}
