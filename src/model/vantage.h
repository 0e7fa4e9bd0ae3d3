/*-------------------------------------------------------------------------
 *
 * vantage.h
 *	  The upper part of an MVP-tree over one column: a skeleton of vantage
 *	  points, which leads every value to a region.
 *
 * The skeleton is part of the model: it is trained once, on a sample, and
 * never changes.  Its nodes are numbered from the root, which is 0, level by
 * level.  The nodes of the last level are the regions.  A node has two vantage
 * points, which are values of the sample.  What is below it is divided by the
 * distance to the first, and each part by the distance to the second.  A
 * region has two vantage points of its own or more, and divides nothing.
 *
 * Each region is a tree (tree.h).  The coordinates of its entries are the
 * distances to all vantage points on the way from the root, in this order.  So
 * the entries of all regions have one shape, but coordinates mean something
 * else in each.
 *
 * NULLs have no distances.  They are in region 0.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_VANTAGE_H
#define MM_VANTAGE_H

#include "model/model.h"

/* Vantage points of a node that is no region. */
#define MM_VANTAGE_POINTS	2

/* No node has more children than this. */
#define MM_VANTAGE_CHILDREN	9

typedef struct MMVantage MMVantage;

/*
 * mm_vantage_train: a skeleton for a column with these statistics and about
 * so many rows, from n values that are not NULL.  npivots is the number of
 * coordinates; 0 means as many as pay.  There are at least as many as the way
 * to a region and its own two vantage points make, and none if there are no
 * values.  Returns the skeleton in its stored form, a chunk without pointers,
 * in the current context.
 *
 * mm_vantage_size: how many bytes a stored form has.
 *
 * mm_vantage_roots: the blocks of the regions' roots in a stored form, which
 * must be MAXALIGNed.  They are for the caller to fill in.  *nregions becomes
 * their number.
 */
extern void *mm_vantage_train(MMColumn *column, const MMColumnStatistics *stats,
							  const Datum *values, int n, double rows, int npivots);
extern Size mm_vantage_size(const void *stored);
extern BlockNumber *mm_vantage_roots(void *stored, int *nregions);

/*
 * mm_vantage_open: make a skeleton ready for use, in the current context.
 * model is a model of this one column, and must last as long: regions have its
 * sketch, but coordinates of their own.
 *
 * mm_vantage_fit: give a model of this one column the coordinates of regions
 * instead, and the shapes of their entries.  For a model that was opened
 * without operator classes (mm_model_open_tree), that is all: there, one model
 * is that of all regions.
 */
extern MMVantage *mm_vantage_open(const MMModel *model, int column, const void *stored);
extern void mm_vantage_fit(MMModel *model, int column, const void *stored);

/*
 * mm_vantage_region_count: how many regions there are.
 *
 * mm_vantage_root: the block of a region's root.
 *
 * mm_vantage_model: the model of a region's tree.  In columns other than the
 * skeleton's, entries have neither coordinates nor a sketch.
 */
extern int	mm_vantage_region_count(const MMVantage *vantage);
extern BlockNumber mm_vantage_root(const MMVantage *vantage, int region);
extern const MMModel *mm_vantage_model(MMVantage *vantage, int region);

/*
 * mm_vantage_embed: make the leaf entry of a row, which has the shape of all
 * regions, from its columns' values.  Returns the region that it belongs in.
 * Leaks memory.
 */
extern int	mm_vantage_embed(MMVantage *vantage, ItemPointer tid, Datum *values,
							 const bool *isnull, MMEntry entry);

/*
 * mm_vantage_children: the children of a node, from *first on.  Returns how
 * many there are; 0 for a region.
 *
 * mm_vantage_region: which region a node is, or -1.
 *
 * mm_vantage_has_nulls: are NULLs below a node?
 */
extern int	mm_vantage_children(const MMVantage *vantage, int node, int *first);
extern int	mm_vantage_region(const MMVantage *vantage, int node);
extern bool mm_vantage_has_nulls(const MMVantage *vantage, int node);

/*
 * A value that distances are wanted from.
 */
typedef struct MMVantageQuery
{
	MMVantage  *vantage;
	Datum		value;			/* not NULL, detoasted */
	MetricTransform transform;
	float	   *lower;			/* for each node: a lower bound of the distances
								 * to the values below it; 0 where it is not
								 * known */
} MMVantageQuery;

/*
 * mm_vantage_query: prepare a query, in the current context.
 *
 * mm_vantage_descend: bound the distances to the values below the children of
 * a node, which may be any that is no region.  The bounds are tightest if the
 * node's parent was descended from before.  Leaks memory.
 */
extern void mm_vantage_query(MMVantageQuery *query, MMVantage *vantage, Datum value);
extern void mm_vantage_descend(MMVantageQuery *query, int node);

#endif							/* MM_VANTAGE_H */
