/*-------------------------------------------------------------------------
 *
 * vector_model.h
 *	  What the parts of sketches of vectors share: the model, and how a vector is
 *	  mapped; see vector_sketch.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_VECTOR_MODEL_H
#define MM_VECTOR_MODEL_H

#include "metric/kernels_planes.h"
#include "metric/vector_sketch.h"

typedef enum Mapping
{
	WHOLE,
	GROUPS,
	CHOSEN,
	DIRECTIONS,
} Mapping;

/*
 * A model; its arrays follow it.
 */
typedef struct VectorModel
{
	VectorMetric metric;
	Mapping		mapping;
	int			dim;			/* components of x */
	int			planes;			/* components of y, but for the rest's length */
	double		scale;			/* of |y' - center|^2: a power of 2 */
	double		greatest_square;	/* |y' - center|^2 is no more, scaled */
	int			greatest;		/* code: 15 or 255 */

	/* These two are set only with directions. */
	double		gram_error;		/* at least |F| */
	double		mean_length;

	/*
	 * The arrays are double origin[planes], step[planes]; unless there are groups or
	 * directions, int component[planes]; with directions, double
	 * mean_projection[planes], float mean[dim], direction[planes][dim].
	 */
	double		data[FLEXIBLE_ARRAY_MEMBER];
} VectorModel;

#define ORIGIN(m)			((m)->data)
#define STEP(m)				((m)->data + (m)->planes)
#define COMPONENT(m)		((int *) ((m)->data + 2 * (m)->planes))
#define MEAN_PROJECTION(m)	((m)->data + 2 * (m)->planes)
#define MEAN(m)				((float *) ((m)->data + 3 * (m)->planes))
#define DIRECTION(m, p)		(MEAN(m) + (Size) (m)->dim * ((p) + 1))

/*
 * The image y of a vector.
 */
typedef struct Image
{
	double	   *y;
	double		rest;			/* length of what the directions leave */
	double		error;			/* distance to the true image, at most */
} Image;

/*
 * mm_vector_map: map a vector to its image, whose y has room for the model's planes.
 */
extern void mm_vector_map(const VectorModel *model, const float *x, Image *image);

/*
 * mm_vector_float_above: the least float that is not below x >= 0, and a little more,
 * for the error of x in double precision.
 */
extern float mm_vector_float_above(double x);

/*
 * Add one component to the norm of a metric.
 */
static inline double
add_component(VectorMetric metric, double sum, double diff)
{
	switch (metric)
	{
		case MM_VECTOR_L1:
			return sum + fabs(diff);
		case MM_VECTOR_LINF:
			return Max(sum, fabs(diff));
		default:
			return sum + diff * diff;
	}
}

static inline double
norm_of_sum(VectorMetric metric, double sum)
{
	return metric == MM_VECTOR_L2 || metric == MM_VECTOR_COSINE ? sqrt(sum) : sum;
}

static inline bool
is_euclidean(const VectorModel *model)
{
	return model->metric == MM_VECTOR_L2 || model->metric == MM_VECTOR_COSINE;
}

/*
 * The words of a sketch before the codes.
 */
static inline int
head_words(const VectorModel *model)
{
	return 1 + is_euclidean(model) + (model->mapping == DIRECTIONS);
}

/*
 * The words of four bits of the codes, and of all of them.
 */
static inline int
half_words(const VectorModel *model)
{
	return (model->planes + MM_CODES_PER_WORD - 1) / MM_CODES_PER_WORD;
}

static inline int
code_words(const VectorModel *model)
{
	return model->greatest > 15 ? 2 * half_words(model) : half_words(model);
}

/*
 * The bits of a word that code p of eight has: four codes are the lower halves of the
 * word's bytes, and the next four are the upper halves.
 */
static inline int
code_shift(int p)
{
	return p % 4 * 8 + p / 4 % 2 * 4;
}

/* The middle of all codes. */
#define CENTER(m)	((m)->greatest / 2.0)

#endif							/* MM_VECTOR_MODEL_H */
