/*-------------------------------------------------------------------------
 *
 * kernels_planes.h
 *	  The inner loops of lower bounds over the entries of a page, in one
 *	  version for each instruction set, chosen at run time together with the
 *	  kernels of the distances (kernels.h).
 *
 * Entries lie in planes (metric_routine.h): the dimension is the outer index,
 * the entry the inner one.  The loops do the same operations on each entry in
 * the same order, whatever the width of a vector register, so every version
 * returns the same bits.  They go over whole groups of METRIC_PLANE_SLACK
 * entries.  So they may read entries after the last, and write bounds for
 * them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_KERNELS_PLANES_H
#define MM_KERNELS_PLANES_H

#include "metric/kernels.h"
#include "metric/metric.h"

/*
 * A query vector, to be compared with codes (vector_sketch.c).
 * A word of a sketch has MM_CODES_PER_WORD of them: first the lower halves of its
 * bytes, then the upper ones.  The first word is the entry's error.  With c as the codes of
 * word w, and p as their numbers among all,
 *
 *	- METRIC_NORM_L2: the square of the distance is constant + word 1 - sum of units[w] *
 *	  weights[p] * c, but for sum_error; with far, it is at least constant.  With
 *	  has_rest, word 2 is the length of the entry's rest, which is not scaled.
 *	- METRIC_NORM_L1: the distance is at least constant + sum of units[w] * weights[p] *
 *	  |positions[p] - c|, except for a relative sum_error, and at most missing more.
 *	  Here c is 16 times the code if it has four bits.
 *	- METRIC_NORM_MAX: it is the largest |at[p] - step[p] * c|.
 *
 * All of that is scaled.  Codes of eight bits are two of four bits each: under L2, they
 * are just twice as many; otherwise, they are put together.  Weights are at most MM_PRODUCT_WEIGHT under L2, or as much
 * below zero, and from 0 to MM_POSITION_WEIGHT under L1.  They are used in two parts,
 * of MM_PRODUCT_BITS or MM_POSITION_BITS and what is above, so that products of bytes
 * fit the registers that they are added up in.
 */
#define MM_CODES_PER_WORD	8
#define MM_PRODUCT_WEIGHT	16000
#define MM_PRODUCT_BITS		7
#define MM_POSITION_WEIGHT	4000
#define MM_POSITION_BITS	6

/*
 * The numbers of a word's codes, as registers want them: for the lower halves of
 * bytes, and for the upper halves.
 */
typedef struct MMCodeBytes
{
	uint32		positions[2];
	uint32		low[2];			/* parts of the weights */
	uint32		high[2];
} MMCodeBytes;

typedef struct MMCodeQuery
{
	MetricNorm	norm;
	int			words;			/* of codes */
	int			first_word;		/* of them */
	int			later;			/* L1, maximum: the words of the codes' lower halves
								 * are so much later, if not 0 */
	bool		has_rest;
	bool		has_upper;		/* or upper bounds are Infinity */
	bool		far;
	bool		half_square;	/* the distance is half the norm's square */
	float		scale;			/* a power of 2 ... */
	float		unscale;		/* ... and its reciprocal */
	float		rest;
	float		constant;
	float		sum_error;
	float		missing;
	float		moved;			/* the query's own error, not scaled */
	float		distance_error; /* of the operator's distance, relative ... */
	float		absolute_error; /* ... and absolute */
	float	   *units;
	int16	   *weights;
	uint8	   *positions;
	MMCodeBytes *bytes;			/* of each word: positions and weights */
	float	   *at;
	float	   *step;
} MMCodeQuery;

/*
 * A query string, to be compared with counts of characters (text_sketch.c).  An entry
 * has at most shared characters in common with it, and for each bit of a word that is
 * also in a mask for that word, 2^digit more.
 */
typedef struct MMCountMask
{
	int			word;
	int			digit;
	uint32		mask;
} MMCountMask;

typedef struct MMCountQuery
{
	int			length;
	int			length_bytes;
	int			shared;
	int			nmasks;
	MMCountMask masks[FLEXIBLE_ARRAY_MEMBER];
} MMCountQuery;

/*
 * A query set, to be compared with signatures of as many words (set.c, bit.c).
 * A bit of a signature is set if one member or more falls on it.  The rest of
 * a set is the number of its members beyond the ones of its signature.
 *
 * A sketch tells the rest in one of two ways.  Either its bytes have the
 * number of members, where the largest number stands for itself and more; or a
 * word after the signature has the rest, unless that is always 0.
 */
typedef enum MMSignatureDistance
{
	MM_SIGNATURE_JACCARD,
	MM_SIGNATURE_HAMMING,
} MMSignatureDistance;

typedef struct MMSignatureQuery
{
	MMSignatureDistance distance;
	int			words;
	int			size_bytes;		/* 0: the rest is in a word, or none */
	bool		has_rest;		/* there is that word */
	int			most_rest;		/* no set has more of it; -1: not known */
	int			ones;			/* of the query's signature */
	int			rest;
	uint32		signature[FLEXIBLE_ARRAY_MEMBER];
} MMSignatureQuery;

/*
 * How far off a coordinate q may be, together with an x at distance g from it.
 * Both are rounded to float, and so is their sum with the slack, each by half
 * a unit in the last place, or 2^-24.  That is relative to |q| and to |x| <=
 * |q| + g; the deflation takes care of the part with g.  A constant is added
 * so that no bound needs to think of denormal numbers.
 */
static inline float
mm_coordinate_slack(const MetricTransform *t, float q)
{
	return 2.0f * (0x1p-22f + t->relative) * __builtin_fabsf(q) + (t->absolute + 0x1p-120f);
}

/*
 * Lines below a function of distances that never falls.  Floats that agree in all but
 * the last bits, of which so many are dropped, have one number in common, and there is
 * a line for each of MM_CURVE_LINES numbers in a row: registers hold all lines.  A
 * line is kept at its number modulo MM_CURVE_LINES.  A distance below first is seen as
 * first to choose a line, and one beyond last as last; the line is still evaluated
 * for the distance itself.  Where a line is below 0, the function is taken for 0.
 */
#define MM_CURVE_LINES	32

typedef struct MMCurveTable
{
	int			dropped;
	float		first;
	float		last;
	float		at_zero[MM_CURVE_LINES];	/* a line's value for a distance of 0 */
	float		slope[MM_CURVE_LINES];
} MMCurveTable;

/*
 * A query's coordinates in one column, and that column's weight in a sum.
 */
typedef struct MMPointTerm
{
	MetricNorm	norm;
	int			ncoordinates;
	int			first;			/* the plane of its first coordinate */
	float		factor;			/* not looked at if there is a curve */
	uint32		bit;			/* of the column, in masks of NULLs */
	float		missing;		/* what a NULL adds to the sum */
	const MetricTransform *transform;
	bool		identity;		/* metric_is_identity of that */
	const float *q;
	const float *slack;			/* mm_coordinate_slack of these; 0 under
								 * METRIC_NORM_DISCRETE */
	const MMCurveTable *curve;	/* NULL: the distance itself is what is added */
} MMPointTerm;

typedef struct MMPlaneKernels
{
	/* mm_box_bounds, mm_point_bounds and mm_point_sums; see bounds.h. */
	void		(*boxes) (MetricNorm norm, const MetricTransform *t,
						  int ncoordinates, const float *q,
						  const float *lo, const float *hi, int stride, int n,
						  float *lower);
	void		(*points) (MetricNorm norm, const MetricTransform *t,
						   int ncoordinates, const float *q,
						   const float *x, int stride, int n,
						   float *lower, float *upper);
	float		(*sums) (const MMPointTerm *terms, int nterms, const float *x,
						 const uint32 *nulls, int stride, int n, float *totals);

	/* mm_box_growths and mm_box_overlap_growths; see bounds.h. */
	void		(*growths) (int ncoordinates, const float *x, const float *unit,
							const float *lo, const float *hi, int stride, int n,
							float most, float *growth);
	void		(*overlap_growths) (int ncoordinates, const float *before,
									const float *after, const float *unit,
									const float *lo, const float *hi, int stride, int n,
									float most, float *growth);

	/* mm_curve_values; see bounds.h. */
	void		(*curve) (const MMCurveTable *table, float *x, int n);

	/* One sketch_bounds (metric_routine.h) for each kind of query. */
	void		(*codes) (const MMCodeQuery *query, const MetricSketchPlanes *planes,
						  float *lower, float *upper);
	void		(*counts) (const MMCountQuery *query, const MetricSketchPlanes *planes,
						   float *lower, float *upper);
	void		(*signatures) (const MMSignatureQuery *query,
							   const MetricSketchPlanes *planes,
							   float *lower, float *upper);
} MMPlaneKernels;

extern const MMPlaneKernels mm_plane_kernels_portable;
#if defined(__x86_64__)
extern const MMPlaneKernels mm_plane_kernels_avx2;
extern const MMPlaneKernels mm_plane_kernels_avx512;
#endif
#if defined(__aarch64__)
extern const MMPlaneKernels mm_plane_kernels_neon;
#ifdef MM_HAVE_DOTPROD
extern const MMPlaneKernels mm_plane_kernels_dotprod;
#endif
#endif

#endif							/* MM_KERNELS_PLANES_H */
