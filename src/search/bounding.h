/*-------------------------------------------------------------------------
 *
 * bounding.h
 *	  Bounds of a weighted sum of distances, for all entries of a node at once.
 *
 * Keys.  Each bound is turned into a key that orders candidates.  A finite
 * bound is its own key.  The key of Infinity is FLT_MAX.  The key of a sum
 * that is NULL is Infinity, so these come after everything else.
 *
 * If all distances of a sum are whole numbers, their bounds may be rounded up
 * to whole numbers.  If, besides, all factors are multiples of some power of
 * 2, so are the sums.  These are then exact in a float, up to 2^24 times that
 * unit, and nothing is given away for rounding.  So a row may be returned as
 * soon as the next bound reaches its sum, before others that are as far.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_BOUNDING_H
#define MM_BOUNDING_H

#include "index/options.h"
#include "metric/kernels_planes.h"
#include "model/model.h"
#include "search/search.h"

#define MM_KEY_NULL		get_float4_infinity()

/* No page holds more entries than this, with room for the kernels' slack. */
#define MM_MAX_ENTRIES \
	(MM_PAGE_DATA_SIZE / (MM_ENTRY_HEADER * (int) sizeof(uint32)) + METRIC_PLANE_SLACK)

/*
 * A term, ready to bound with.  The part that all kernels need is in point and
 * not in this struct, because they go over an array of points.  The rest is
 * what point refers to, and what sketches and upper bounds need.
 */
typedef struct MMBoundTerm
{
	MMPointTerm *point;
	const MMColumnModel *column;
	bool		fits;			/* see mm_bound_term_init */
	bool		no_upper;
	MMTermCurve *curve;			/* or NULL; then the point's factor is 1 */
	const MetricRoutine *routine;
	float		q[MM_MAX_PIVOTS];	/* of whichever kind */
	float		slack[MM_MAX_PIVOTS];
	MetricTransform transform;
	void	   *sketch_query;	/* NULL: none */
	void	   *refine_query;	/* NULL: sketch_bounds tells all */
	float	   *upper;			/* of the entries of a leaf; NULL: not wanted */
} MMBoundTerm;

typedef struct MMBounding
{
	const MMModel *model;
	int			nterms;
	const MMTerm *asked;		/* the terms as the caller gave them */
	MMBoundTerm *terms;
	int		   *sketched;		/* the terms whose columns have sketches, in the order
								 * in which these are looked at */
	int			nsketched;
	MMPointTerm *points;		/* of the terms; a missing of MM_KEY_NULL makes the
								 * sum NULL */
	uint32		null_sums;		/* columns whose NULLs make it NULL */
	MemoryContext context;		/* for sketch queries */
	bool		ready;			/* these have been made, if they are needed */
	bool		refines;		/* a term has a refine_query */
	bool		whole;			/* distances are whole numbers */
	float		exact;			/* sums less than this are exact; or 0 */
	bool		with_nulls;		/* sums that are NULL are wanted */
	bool		only_nulls;		/* and no others */
	bool		uppers_wanted;	/* of leaves' entries */
	float		limit;			/* greatest key that is wanted */
	double		rows;			/* likely to be wanted, the nearest first; 0: not known */
	MMThreshold *threshold;		/* of several searches; NULL: each tree has its own */
	float	   *totals;			/* keys of the node last bounded */
	float	   *uppers;			/* and upper bounds; NULL: not wanted */
	float	   *scratch;
	float	   *by_sketch;
} MMBounding;

static inline bool
mm_wanted(const MMBounding *b, float key)
{
	return key <= b->limit;
}

/*
 * mm_bounding_begin: prepare to bound a sum of n terms, which are copied, in
 * the current context.  b must be all zeros.  with_nulls says whether sums
 * that are NULL are wanted, too.  Other sums are wanted up to bound.
 *
 * mm_bounding_init: make the terms ready for entries of this model, in the
 * current context, which must stay, before the first node.  Raises an error if a value has
 * other dimensions than its column has in meta, and if the user may know
 * those.
 */
extern void mm_bounding_begin(MMBounding *b, const MMTerm *terms, int n,
							  bool with_nulls, double bound);
extern void mm_bounding_init(MMBounding *b, const MMModel *model, const MMMeta *meta);

/*
 * mm_bounding_begin_like: prepare for what another bounding is prepared for, to be
 * made ready for some other model.  Keeps its terms.
 */
extern void mm_bounding_begin_like(MMBounding *b, const MMBounding *other);

/*
 * mm_bounding_begin_part: prepare to bound the terms of a sum that are about one
 * column.  Sums that are NULL are not wanted.
 */
extern void mm_bounding_begin_part(MMBounding *b, const MMBounding *sum, int column);

/*
 * mm_bounding_for: the same sum, ready for entries of another model, in the
 * current context.
 */
extern MMBounding *mm_bounding_for(const MMBounding *b, const MMModel *model, const MMMeta *meta);

/*
 * mm_bounding_whole: declare that all distances are whole numbers, and that
 * all factors, and what NULLs add, are multiples of unit, a power of 2.
 */
extern void mm_bounding_whole(MMBounding *b, double unit);

/*
 * mm_bounding_limit: from now on, only keys up to bound are wanted, or only
 * keys below it if strict.  If NULL sums are wanted, all keys remain wanted.
 */
extern void mm_bounding_limit(MMBounding *b, double bound, bool strict);

/*
 * mm_bound_leaf, mm_bound_inner: compute the keys of the n entries of a node,
 * into totals, and for a leaf upper bounds, into uppers.  An entry that is not
 * wanted may get a lower key than the best that could be found.
 *
 * mm_bound_leaf_coarsely: a lower bound of all the keys that mm_bound_leaf
 * would find, by coordinates only.
 */
extern float mm_bound_leaf_coarsely(MMBounding *b, Page page, int n);
extern void mm_bound_leaf(MMBounding *b, Page page, int n);
extern void mm_bound_inner(MMBounding *b, Page page, int n);

/*
 * mm_bound_entry: a closer key of one entry of a leaf.  key is what
 * mm_bound_leaf has found for it; it must be wanted.  If upper bounds are
 * wanted, the entry's becomes closer, too, so the leaf must be the one that was
 * bounded last.  Without a term that refines, this does nothing.
 */
extern float mm_bound_entry(MMBounding *b, Page page, int entry, float key);

/*
 * mm_bounding_upper: the upper bound of an entry of the leaf that was bounded
 * last.
 */
extern double mm_bounding_upper(const MMBounding *b, int entry);

/*
 * mm_bounding_term_key: the key of a sum of which nothing is known but that one
 * term, given by its number, has at least this distance.
 *
 * mm_bounding_null_key: likewise, but that a column, given by its number, is
 * NULL.
 */
extern float mm_bounding_term_key(const MMBounding *b, int term, double distance);
extern float mm_bounding_null_key(const MMBounding *b, int column);

/*
 * mm_bound_term_init: make a term and its point ready to bound entries of this
 * model with, in the current context.  fits: the value has the dimensions that
 * the column has.  If not, nothing can be said of distances to it; then verifying
 * rows has the same outcome as without the index.
 */
extern void mm_bound_term_init(MMBoundTerm *ready, MMPointTerm *point, const MMModel *model,
							   const MMTerm *term, bool fits);

/*
 * mm_bound_term_sketch: likewise for the sketches of its column, if it has such.
 */
extern void mm_bound_term_sketch(MMBoundTerm *ready, const MMModel *model, const MMTerm *term);

#endif							/* MM_BOUNDING_H */
