/*-------------------------------------------------------------------------
 *
 * region.h
 *	  Regions: a table's rows divided by a tree over their columns.
 *
 * A region tree is a value of the type mmdb.region_tree.  It holds all that it
 * takes to tell which region a row belongs to: for each column its metric, and
 * a pivot or else the metric's own coordinates; and the nodes, each of which
 * compares one coordinate with a threshold.  A distributed table is
 *
 *		PARTITION BY LIST (mmdb.mm_region('<tree>'::mmdb.region_tree, column, ...))
 *
 * on the coordinator and on every server, so the partition key is the catalog.
 *
 * Invariants:
 *	- Regions do not overlap, and every row has one, whatever its values and
 *	  NULLs.  The cell of a region is the product of half-open intervals.
 *	- A region's number always stands for the same cell.  When a region is
 *	  split, its parts get new numbers.
 *	- The same tree gives the same region for a row on every server.
 *	- A bound of a region is never above the sum that the executor computes for
 *	  any row in it.
 *
 * The functions marked PGDLLEXPORT are also called by the library mmdb_shard.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_REGION_H
#define MM_REGION_H

#include "nodes/pg_list.h"
#include "utils/relcache.h"

#include "metric/metric.h"

/* Regions are few: each is a table on some server. */
#define MM_MAX_REGIONS		100000

typedef enum MMRegionMethod
{
	MM_REGION_TREE,				/* by coordinates of the columns' metrics */
	MM_REGION_HASH,				/* by a hash of the columns' values */
} MMRegionMethod;

/*
 * A column, that is, an argument of mm_region after the tree.
 */
typedef struct MMRegionColumn
{
	const char *name;			/* for messages */
	Oid			type;			/* not a domain */
	int16		typlen;
	bool		typbyval;
	Oid			opclass;		/* InvalidOid under MM_REGION_HASH, as is all below */
	MetricSpace space;
	int32		dimensions;		/* of all values; -1: there is no such number */
	int			ncoordinates;	/* 0: this column takes no part in the tree */
	MetricNorm	norm;
	MetricTransform transform;
	void	   *pivot;			/* prepared; NULL: coordinates are the metric's own */
	double		origin[METRIC_MAX_RAW_COORDINATES]; /* from which floats count them */

	/*
	 * The cells: coordinates of the values in region i are from lo[p * stride
	 * + i] to hi[p * stride + i].  Without values, lo is Infinity and hi is
	 * -Infinity.
	 */
	float	   *lo;
	float	   *hi;
	bool	   *values;			/* may region i have values that are not NULL ... */
	bool	   *nulls;			/* ... and NULLs? */
} MMRegionColumn;

/*
 * A node.  A child that is negative is a region: -1 - child is its place among
 * the regions.
 */
typedef struct MMRegionNode
{
	int			column;
	int			coordinate;
	double		below;			/* coordinates below this go left, others right; the
								 * threshold is a float, or for a hash a double */
	bool		nulls_left;
	int			left;
	int			right;
} MMRegionNode;

typedef struct MMRegionTree
{
	MMRegionMethod method;
	int			ncolumns;
	MMRegionColumn *columns;
	int			nregions;
	int		   *regions;		/* their numbers, in ascending order */
	int			stride;			/* of the columns' cells */
	int			nnodes;
	MMRegionNode *nodes;
	int			root;			/* a child, as above */
} MMRegionTree;

/*
 * A term of a weighted sum, for mm_region_bounds.
 */
typedef struct MMRegionTerm
{
	int			column;			/* of the tree, from 0 */
	Datum		value;			/* the query's, of the column's type, not NULL */
	double		weight;			/* already divided by the scale; not negative */
	double		missing;		/* what a NULL in the row adds to the sum; Infinity:
								 * the sum of such a row is not wanted */
} MMRegionTerm;

/*
 * mm_region_tree_read: read a value of the type mmdb.region_tree, in the
 * current memory context.  Looks up types and operator classes.  Raises an
 * error if these do not exist here, or have become something else.
 */
extern PGDLLEXPORT MMRegionTree *mm_region_tree_read(Datum value);

/*
 * mm_region_of_row: the place, among tree->regions, of the region of a row,
 * which is given as the values of the tree's columns.  Leaks memory.  Raises an
 * error for a value that has no distances, or other dimensions than the column.
 */
extern PGDLLEXPORT int mm_region_of_row(MMRegionTree *tree, const Datum *values, const bool *isnull);

/*
 * mm_region_coordinates: the column's coordinates of a value, which is not NULL,
 * in double precision and not counted from the origin.  Leaks memory.
 */
extern void mm_region_coordinates(MMRegionColumn *column, Datum value, double *x);

/*
 * mm_region_distance_bounds: lower bounds of a column's distances between a
 * value, which is not NULL, and those that are in each region.  bounds gets
 * tree->nregions numbers; one is Infinity if that region has no values that
 * are not NULL.  Under MM_REGION_HASH all are 0.  Leaks memory.
 *
 * mm_region_bounds: lower bounds of a weighted sum in every region, with
 * allowance for the rounding of sums.  bounds gets tree->nregions numbers;
 * Infinity says that no row there is wanted.  Leaks memory.
 */
extern PGDLLEXPORT void mm_region_distance_bounds(const MMRegionTree *tree, int column, Datum value,
												  double *bounds);
extern PGDLLEXPORT void mm_region_bounds(const MMRegionTree *tree, int nterms, const MMRegionTerm *terms,
										 double *bounds);

/*
 * mm_region_check_arguments: raise an error unless the arguments of a function
 * from number first on are of the types of the tree's columns.
 */
extern void mm_region_check_arguments(FunctionCallInfo fcinfo, int first, const MMRegionTree *tree);

/*
 * mm_region_place: the place of a region's number among tree->regions, or -1.
 */
extern PGDLLEXPORT int mm_region_place(const MMRegionTree *tree, int region);

/*
 * mm_region_key: is a table partitioned by regions?  Then *tree becomes the
 * tree, and *columns the expressions (Node *) of the columns, as the relation
 * cache has them (varno is 1): do not change them.
 */
extern PGDLLEXPORT bool mm_region_key(Relation parent, Datum *tree, List **columns);

#endif							/* MM_REGION_H */
