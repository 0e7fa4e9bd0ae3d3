/*-------------------------------------------------------------------------
 *
 * vector_coordinates.c
 *	  Trained coordinates of vectors.
 *
 * The distance to a pivot is one number for a whole vector, and bounds by several
 * pivots do not add up: only the largest counts.  The coordinates here do add up,
 * so that a few of them tell much more.
 *
 *	- L2: the projections on the principal directions of the sample, and last the
 *	  length of the rest, which is what the projections leave.  (This is the rotation
 *	  of MQRLD, section 5.2; the rest makes up for the directions that are left out.)
 *	- Cosine: the same of the unit vectors.  The norm is their chord.
 *	- L1: sums of groups of components, each with a sign.  Components that go
 *	  up and down together, or against each other, belong in one group, as their
 *	  differences then hardly cancel out.  The groups are found by merging two of
 *	  them at a time, those that lose least of the mean distance.
 *
 * Errors.  A projection in double precision is off by its sum's error, relative to
 * the lengths of the vector and the mean.  The directions are not quite orthonormal:
 * with G = I + F as the products of all their pairs, sqrt(G^-1) V x is a true
 * projection.  It differs from V x by at most |F| |V x|, and what it leaves differs
 * from what V leaves by no more than 2 |F| |V x|.  The rest is summed from its own
 * components, so its error is relative to the length of the vector, however short
 * the rest is.  A sum of a group is off by an error relative to the sum without signs.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/random.h"
#include "metric/kernels.h"
#include "metric/principal.h"
#include "metric/vector.h"
#include "metric/vector_coordinates.h"

/*
 * Groups are found by the differences of so many pairs of vectors, and begin as no
 * more than so many groups of neighbouring components.
 */
#define GROUP_PAIRS		256
#define FIRST_GROUPS	512

/*
 * A merge of one group into another, whose place the last group takes.
 */
typedef struct Merge
{
	int			into;
	int			from;
	int			sign;
} Merge;

/*
 * A model; its arrays follow it.
 */
typedef struct CoordinatesModel
{
	VectorMetric metric;
	int			dim;
	int			most;			/* coordinates */

	/* L2 and cosine. */
	int			ndirections;
	double		error;			/* of coordinates, relative to the length */
	double		mean_length;

	/* L1: merges[m - 1] leads from m to m - 1 groups. */
	Merge		merges[METRIC_MAX_TRAINED_COORDINATES];

	/*
	 * The arrays: for L2 and cosine, double mean_projection[ndirections], float
	 * mean[dim], direction[ndirections][dim]; for L1, double origin[dim], int
	 * group[dim], where ~g stands for group g with a negative sign.
	 */
	double		data[FLEXIBLE_ARRAY_MEMBER];
} CoordinatesModel;

#define MEAN_PROJECTION(m)	((m)->data)
#define MEAN(m)				((float *) ((m)->data + (m)->ndirections))
#define DIRECTION(m, p)		(MEAN(m) + (Size) (m)->dim * ((p) + 1))
#define ORIGIN(m)			((m)->data)
#define GROUP(m)			((int *) ((m)->data + (m)->dim))

/* ---------- groups of components ---------- */

/*
 * Groups while they are being merged: the first n.
 */
typedef struct Groups
{
	int			n;
	int			stride;			/* of losses */
	float	   *sums;			/* GROUP_PAIRS for each group: of differences */
	double	   *sizes;			/* of these: the sum of their absolute values */
	float	   *losses;			/* by merging two; the one of a lesser number first */
} Groups;

static float *
sums_of(const Groups *groups, int g)
{
	return groups->sums + (Size) g * GROUP_PAIRS;
}

static double
size_of(const float *sum, const float *other, float factor)
{
	float		parts[8] = {0};
	double		total = 0.0;

	for (int p = 0; p < GROUP_PAIRS; p += 8)
		for (int i = 0; i < 8; i++)
			parts[i] += fabsf(sum[p + i] + factor * other[p + i]);
	for (int i = 0; i < 8; i++)
		total += parts[i];
	return total;
}

/*
 * The sign with which a group is better added to another.  *size becomes that of
 * both together.
 */
static int
better_sign(const Groups *groups, int into, int from, double *size)
{
	double		plus = size_of(sums_of(groups, into), sums_of(groups, from), 1.0f);
	double		minus = size_of(sums_of(groups, into), sums_of(groups, from), -1.0f);

	*size = Max(plus, minus);
	return plus >= minus ? 1 : -1;
}

static void
set_loss(Groups *groups, int a, int b)
{
	double		size;

	(void) better_sign(groups, a, b, &size);
	groups->losses[(Size) Min(a, b) * groups->stride + Max(a, b)] =
		(float) (groups->sizes[a] + groups->sizes[b] - size);
}

/*
 * Merge one group into another, and move the last group to its place.  Returns
 * the sign.
 */
static int
merge_groups(Groups *groups, int into, int from)
{
	double		size;
	int			sign = better_sign(groups, into, from, &size);
	int			last = groups->n - 1;

	for (int p = 0; p < GROUP_PAIRS; p++)
		sums_of(groups, into)[p] += sign * sums_of(groups, from)[p];
	groups->sizes[into] = size;
	if (from != last)
	{
		memcpy(sums_of(groups, from), sums_of(groups, last), sizeof(float) * GROUP_PAIRS);
		groups->sizes[from] = groups->sizes[last];
	}
	groups->n = last;
	return sign;
}

/*
 * The groups that are merged with the least loss.
 */
static void
choose_merge(const Groups *groups, int *into, int *from)
{
	float		least = get_float4_infinity();

	*into = 0;
	*from = 1;
	for (int a = 0; a < groups->n; a++)
		for (int b = a + 1; b < groups->n; b++)
		{
			float		loss = groups->losses[(Size) a * groups->stride + b];

			if (loss < least)
			{
				least = loss;
				*into = a;
				*from = b;
			}
		}
}

/*
 * Begin with groups of run neighbouring components each: the differences of random
 * pairs of vectors, scaled so that floats can hold their sums.  Sets the
 * components' groups.
 */
static void
begin_groups(Groups *groups, int *group, const float *vectors, int n, int dim, int run)
{
	MMRandom	random = {.seed = 5};
	int			pairs[GROUP_PAIRS][2];
	double		largest = 0.0;

	for (Size i = 0; i < (Size) n * dim; i++)
		largest = Max(largest, fabs(vectors[i]));
	for (int p = 0; p < GROUP_PAIRS; p++)
		for (int i = 0; i < 2; i++)
			pairs[p][i] = (int) mm_random_below(&random, n);
	for (int i = 0; i < dim; i++)
	{
		int			g = groups->n++;

		for (int p = 0; p < GROUP_PAIRS; p++)
		{
			double		a = vectors[(Size) pairs[p][0] * dim + i];
			double		b = vectors[(Size) pairs[p][1] * dim + i];

			sums_of(groups, g)[p] = largest > 0.0 ? (float) ((a - b) / largest) : 0.0f;
		}
		groups->sizes[g] = size_of(sums_of(groups, g), sums_of(groups, g), 0.0f);
		group[i] = g;
		if (i % run != 0)
			group[i] = merge_groups(groups, g - 1, g) > 0 ? g - 1 : ~(g - 1);
	}
}

/*
 * After a merge, the components' groups have other numbers and signs.
 */
static void
rename_groups(int *group, int dim, const Merge *merge, int last)
{
	for (int i = 0; i < dim; i++)
	{
		bool		negative = group[i] < 0;
		int			g = negative ? ~group[i] : group[i];

		if (g == merge->from)
		{
			g = merge->into;
			negative ^= merge->sign < 0;
		}
		else if (g == last)
			g = merge->from;
		group[i] = negative ? ~g : g;
	}
}

static void
find_groups(CoordinatesModel *model, const float *vectors, int n)
{
	int			dim = model->dim;
	int			run = (dim + FIRST_GROUPS - 1) / FIRST_GROUPS;
	Groups		groups = {.n = 0, .stride = (dim + run - 1) / run};

	groups.sums = palloc(sizeof(float) * GROUP_PAIRS * (groups.stride + 1));
	groups.sizes = palloc(sizeof(double) * (groups.stride + 1));
	groups.losses = palloc(sizeof(float) * groups.stride * groups.stride);
	begin_groups(&groups, GROUP(model), vectors, n, dim, run);
	for (int a = 0; a < groups.n; a++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int b = a + 1; b < groups.n; b++)
			set_loss(&groups, a, b);
	}
	while (groups.n > 1)
	{
		Merge		merge;
		int			last = groups.n - 1;

		CHECK_FOR_INTERRUPTS();
		choose_merge(&groups, &merge.into, &merge.from);
		merge.sign = merge_groups(&groups, merge.into, merge.from);
		/* The last group's losses move with it. */
		for (int b = 0; b < groups.n; b++)
			if (merge.from != last && b != merge.from)
				groups.losses[(Size) Min(b, merge.from) * groups.stride + Max(b, merge.from)] =
					groups.losses[(Size) b * groups.stride + last];
		for (int b = 0; b < groups.n; b++)
			if (b != merge.into)
				set_loss(&groups, merge.into, b);
		if (last < METRIC_MAX_TRAINED_COORDINATES)
			model->merges[last] = merge;
		else
			rename_groups(GROUP(model), dim, &merge, last);
	}
	pfree(groups.sums);
	pfree(groups.sizes);
	pfree(groups.losses);
}

/* ---------- training ---------- */

static void *
train_groups(const float *vectors, int n, int dim, Size *size)
{
	CoordinatesModel *model;

	*size = offsetof(CoordinatesModel, data) + (sizeof(double) + sizeof(int)) * dim;
	model = palloc0(*size);
	model->metric = MM_VECTOR_L1;
	model->dim = dim;
	model->most = Min(dim, METRIC_MAX_TRAINED_COORDINATES);
	for (int v = 0; v < n; v++)
		for (int i = 0; i < dim; i++)
			ORIGIN(model)[i] += (double) vectors[(Size) v * dim + i] / n;
	find_groups(model, vectors, n);
	return model;
}

static void *
train_principal(VectorMetric metric, const float *vectors, int n, int dim, Size *size)
{
	int			most = Min(dim, METRIC_MAX_TRAINED_COORDINATES);
	MMPrincipal principal;
	CoordinatesModel *model;
	Size		row = sizeof(float) * dim;

	mm_principal_of_vectors(metric == MM_VECTOR_COSINE, vectors, n, dim, most, &principal);
	*size = offsetof(CoordinatesModel, data) + sizeof(double) * principal.n +
		row * (principal.n + 1);
	model = palloc0(*size);
	model->metric = metric;
	model->dim = dim;
	model->ndirections = principal.n;
	model->most = Min(principal.n + 1, most);
	model->error = 4.0 * principal.gram_error + 64.0 * MM_VECTOR_SUM_ERROR;
	model->mean_length = principal.mean_length;
	memcpy(MEAN_PROJECTION(model), principal.mean_projection, sizeof(double) * principal.n);
	memcpy(MEAN(model), principal.mean, row);
	memcpy(DIRECTION(model, 0), principal.directions, row * principal.n);
	return model;
}

void *
mm_vector_train_coordinates(VectorMetric metric, const float *vectors, int n, int dim,
							Size *size, MetricTrainedCoordinates *trained)
{
	CoordinatesModel *model;
	float		error;			/* of the operator; see MM_VECTOR_ERROR */

	if (metric == MM_VECTOR_LINF)
		return NULL;
	error = Min(MM_VECTOR_ERROR, (dim / 64 + 11) * 0x1p-24f);
	if (metric == MM_VECTOR_L1)
	{
		model = train_groups(vectors, n, dim, size);
		trained->norm = METRIC_NORM_L1;
		trained->transform = METRIC_IDENTITY;
		trained->transform.relative = error + 1e-9f;
	}
	else
	{
		model = train_principal(metric, vectors, n, dim, size);
		trained->norm = METRIC_NORM_L2;
		if (metric == MM_VECTOR_L2)
		{
			trained->transform = METRIC_IDENTITY;
			trained->transform.relative = error;
		}
		else
			/*
			 * The operator may be off by MM_COSINE_ERROR, and so a chord near 0 by
			 * the root of twice that.
			 */
			trained->transform = (MetricTransform) {.clamp = 2.0f, .c2 = 0.5f, .absolute = 1e-6f};
		trained->transform.relative += (float) (5.0 * model->error) + 1e-9f;
	}
	trained->most = model->most;
	return model;
}

/* ---------- coordinates ---------- */

int
mm_vector_coordinates_dim(const void *model)
{
	return ((const CoordinatesModel *) model)->dim;
}

static double
map_groups(const CoordinatesModel *model, const float *vector, int n, double *x)
{
	const double *origin = ORIGIN(model);
	const int  *group = GROUP(model);
	double		sums[METRIC_MAX_TRAINED_COORDINATES] = {0};
	double		length = 0.0;

	for (int i = 0; i < model->dim; i++)
	{
		double		diff = vector[i] - origin[i];

		length += fabs(diff);
		if (group[i] >= 0)
			sums[group[i]] += diff;
		else
			sums[~group[i]] -= diff;
	}
	for (int last = model->most - 1; last >= n; last--)
	{
		const Merge *merge = &model->merges[last];

		sums[merge->into] += merge->sign * sums[merge->from];
		sums[merge->from] = sums[last];
	}
	memcpy(x, sums, sizeof(double) * n);
	return MM_VECTOR_SUM_ERROR * length;
}

static double
map_principal(const CoordinatesModel *model, const float *vector, int n, double *x)
{
	int			dim = model->dim;
	const float *mean = MEAN(model);
	int			nprojections = n == dim ? n : n - 1;
	double	   *rest = palloc(sizeof(double) * dim);
	double		factor = 1.0;
	double		square = 0.0;
	double		left = 0.0;
	double		error;

	if (model->metric == MM_VECTOR_COSINE)
		factor = 1.0 / sqrt(mm_kernels->dot(vector, vector, dim));
	for (int i = 0; i < dim; i++)
	{
		rest[i] = vector[i] * factor - mean[i];
		square += rest[i] * rest[i];
	}
	for (int p = 0; p < nprojections; p++)
	{
		const float *direction = DIRECTION(model, p);

		x[p] = mm_kernels->dot(vector, direction, dim) * factor - MEAN_PROJECTION(model)[p];
		if (n != dim)
			for (int i = 0; i < dim; i++)
				rest[i] -= x[p] * direction[i];
	}
	if (n != dim)
	{
		for (int i = 0; i < dim; i++)
			left += rest[i] * rest[i];
		x[n - 1] = sqrt(left);
	}
	error = model->error * (sqrt(square) + 2.0 * model->mean_length);
	if (model->metric == MM_VECTOR_COSINE)
		error += MM_VECTOR_SUM_ERROR;
	pfree(rest);
	return error;
}

double
mm_vector_coordinates(const void *model, const float *vector, int n, double *x)
{
	const CoordinatesModel *m = model;
	double		error = m->metric == MM_VECTOR_L1 ? map_groups(m, vector, n, x) :
		map_principal(m, vector, n, x);

	for (int i = 0; i < n; i++)
		x[i] = metric_coordinate(x[i]);
	return error;
}
