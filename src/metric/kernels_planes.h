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

#include "metric/metric.h"

/*
 * A query vector, to be compared with codes of 8 bits (vector_sketch.c).  In
 * component p, an entry differs from it by |at - step * code| / scale.  The
 * words of a sketch are the entry's error and the length of its rest.
 */
typedef struct MMCodeQuery
{
	MetricNorm	norm;			/* METRIC_NORM_MAX, METRIC_NORM_L1 or METRIC_NORM_L2 */
	int			planes;
	bool		has_rest;
	bool		has_upper;		/* or upper bounds are Infinity */
	bool		half_square;	/* the distance is half the norm's square */
	float		scale;			/* a power of 2 ... */
	float		unscale;		/* ... and its reciprocal */
	float		rest;
	float		moved;			/* the query's own error */
	float		sum_error;		/* relative error of a norm, at most */
	float		distance_error; /* of the operator's distance, relative ... */
	float		absolute_error; /* ... and absolute */
	struct
	{
		float		at;
		float		step;
	}			components[FLEXIBLE_ARRAY_MEMBER];
} MMCodeQuery;

/*
 * A query string, to be compared with counts of characters (text_sketch.c).
 * Only the buckets in which the query has characters are listed.  Their counts
 * are summed in a byte.  After each bucket with flush set, that sum is moved
 * to a wider one, so it never exceeds 255.
 */
typedef struct MMBucketCount
{
	int			plane;
	uint8		count;
	bool		flush;
} MMBucketCount;

typedef struct MMCountQuery
{
	int			length;
	int			excess;			/* characters beyond 255 in a bucket */
	int			length_bytes;	/* planes in front of the counts' */
	int			ncounts;
	MMBucketCount counts[FLEXIBLE_ARRAY_MEMBER];
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
 * A query's coordinates in one column, and that column's weight in a sum.
 */
typedef struct MMPointTerm
{
	MetricNorm	norm;
	int			ncoordinates;
	int			first;			/* the plane of its first coordinate */
	float		factor;
	uint32		bit;			/* of the column, in masks of NULLs */
	float		missing;		/* what a NULL adds to the sum */
	const MetricTransform *transform;
	bool		identity;		/* metric_is_identity of that */
	const float *q;
	const float *slack;			/* mm_coordinate_slack of these; 0 under
								 * METRIC_NORM_DISCRETE */
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

	/* mm_box_growths; see bounds.h. */
	void		(*growths) (int ncoordinates, const float *x, const float *unit,
							const float *lo, const float *hi, int stride, int n,
							float most, float *growth);

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

#endif							/* MM_KERNELS_PLANES_H */
