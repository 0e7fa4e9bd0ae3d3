/*-------------------------------------------------------------------------
 *
 * mmdb_learn.c
 *	  The module mmdb_learn: fits weights to examples; see fit.h.
 *
 * The loss is InfoNCE (van den Oord et al., 2018) as OneDB uses it, section V,
 * with two differences.  First, its sign is right for distances: the printed
 * formula would move positives away.  Second, each negative is a contrast of
 * its own.  The loss of a pair is -log(e^-d(p) / (e^-d(p) + e^-d(n))), and
 * pairs are averaged.  With all negatives in one sum, the nearest of them
 * decides, and one row that is wrongly among them spoils its example.
 *
 * The gradient and the second derivatives have closed forms.  With a = the
 * derivative of a pair's loss by d(p) - d(n), and b = a (1 - a):
 *
 *	  gradient = mean of a (x - y)
 *	  Hessian = mean of b (x - y)(x - y)'
 *
 * Both are sums over positives and over negatives, except for a term X' B Y.
 * The minimum is found by Newton's method projected on w >= 0 (Bertsekas,
 * 1982), with Armijo's rule for the length of a step.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <cblas.h>
#include <math.h>

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "learn/fit.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT double mm_fit(const MMFitProblem *problem, int steps, double *w);

/* LAPACK, as Fortran declares it: solves A x = b for a positive definite A. */
extern void dposv_(const char *uplo, const int *n, const int *nrhs, double *a,
				   const int *lda, double *b, const int *ldb, int *info);

#define MAX_M		MM_FIT_MAX_COLUMNS

/* This many positives are taken at a time, to keep the matrix B small. */
#define BLOCK		32

/*
 * exp(EXP_LIMIT) is finite.  A pair whose distances are that far apart has a
 * derivative of 0 or 1 to the last bit.
 */
#define EXP_LIMIT	300.0

/*
 * A pair whose positive is nearer by this much has no loss, to the last bit.
 */
#define SETTLED		38.0

/*
 * Factors smaller than this are set to 0, because denormal numbers would cost
 * more than they tell.
 */
#define NOTHING		1e-100

/*
 * Another step is made only if the last one gained more than this fraction of
 * the objective.
 */
#define TOLERANCE	1e-6

/*
 * Make OpenBLAS take its buffer, by the smallest call of those we make.  Then
 * no later call has to wait for memory.
 */
static void
take_buffer(void)
{
	static bool taken = false;
	double		a = 1.0;
	double		b = 1.0;
	int			one = 1;
	int			info;

	if (taken)
		return;
	mm_fit_require_memory(MM_FIT_BUFFER);
	dposv_("L", &one, &one, &a, &one, &b, &one, &info);
	taken = true;
}

/*
 * A point of the objective function.
 */
typedef struct Point
{
	double		w[MAX_M];
	double		loss;			/* the mean over the pairs */
	double		value;			/* of the objective */
	double		gradient[MAX_M];
	double		hessian[MAX_M * MAX_M]; /* lower triangle, by columns */
} Point;

/*
 * Working memory for one example.
 */
typedef struct Scratch
{
	double	   *x;				/* positives that matter */
	double	   *y;				/* negatives that matter */
	double	   *dx;				/* their distances */
	double	   *dy;
	double	   *ey;				/* exp(center - dy), center being the least dy */
	double	   *g;				/* exp(dx - dy), of one positive */
	double	   *ax;				/* sums of a, of b, by rows */
	double	   *bx;
	double	   *ay;
	double	   *by;
	double	   *b;				/* BLOCK x nnegatives */
	double	   *scaled;			/* rows times their sums of b */
	double	   *yb;				/* BLOCK x m: B Y */
} Scratch;

static double *
room(int64 n)
{
	return MemoryContextAllocHuge(CurrentMemoryContext, sizeof(double) * Max(n, 1));
}

static void
scratch_init(Scratch *s, const MMFitProblem *problem)
{
	int64		nx = 0;
	int64		ny = 0;

	for (int e = 0; e < problem->nexamples; e++)
	{
		nx = Max(nx, problem->examples[e].npositives);
		ny = Max(ny, problem->examples[e].nnegatives);
	}
	s->x = room(nx * problem->m);
	s->y = room(ny * problem->m);
	s->dx = room(nx);
	s->ax = room(nx);
	s->bx = room(nx);
	s->dy = room(ny);
	s->ey = room(ny);
	s->g = room(ny);
	s->ay = room(ny);
	s->by = room(ny);
	s->b = room(BLOCK * ny);
	s->scaled = room(Max(nx, ny) * problem->m);
	s->yb = room(BLOCK * problem->m);
}

static double
exp_or_zero(double x)
{
	return x < -2 * EXP_LIMIT ? 0.0 : exp(x);
}

/*
 * The g of a positive's pairs: exp(d(p) - d(n)), or a smaller number where
 * that is too large to be of use.
 */
static void
row_pairs(const Scratch *s, double dx, double center, int ny)
{
	if (dx - center <= EXP_LIMIT)
	{
		double		ex = exp(dx - center);

		for (int j = 0; j < ny; j++)
		{
			double		g = ex * s->ey[j];

			s->g[j] = g < NOTHING ? 0.0 : g;
		}
	}
	else
		for (int j = 0; j < ny; j++)
			s->g[j] = exp_or_zero(Min(dx - s->dy[j], EXP_LIMIT));
}

/*
 * The sum of the losses log(1 + g) of a positive's pairs.  Where g is above 1,
 * the loss is log g + log(1 + 1/g).  So products of many of these stay finite,
 * and one logarithm is enough for all of them.
 */
static double
row_loss(const Scratch *s, double dx, int ny)
{
	double		sum = 0.0;

	for (int first = 0; first < ny; first += 64)
	{
		int			end = Min(first + 64, ny);
		double		product = 1.0;

		for (int j = first; j < end; j++)
		{
			double		g = s->g[j];
			double		above = dx - s->dy[j];

			sum += above > 0 ? above : 0.0;
			product *= 1.0 + (g < 1 ? g : 1 / g);
		}
		sum += log(product);
	}
	return sum;
}

/*
 * The a and b of a positive's pairs; b also goes into a row of the matrix.
 */
static void
row_derivatives(const Scratch *s, int ny, double *ax, double *bx, double *b)
{
	double		suma = 0.0;
	double		sumb = 0.0;

	for (int j = 0; j < ny; j++)
	{
		double		a = s->g[j] / (1 + s->g[j]);
		double		c = a / (1 + s->g[j]);

		b[j] = c;
		s->ay[j] += a;
		s->by[j] += c;
		suma += a;
		sumb += c;
	}
	*ax = suma;
	*bx = sumb;
}

/*
 * Compute scaled = rows (n x m), each times its factor.
 */
static void
scale_rows(const double *rows, const double *factors, int n, int m, double *scaled)
{
	for (int i = 0; i < n; i++)
		for (int c = 0; c < m; c++)
			scaled[i * m + c] = factors[i] * rows[i * m + c];
}

/*
 * Copy those of the rows (n x m) whose distances are from low to high into
 * kept, and their distances to the front of d.  Returns how many there are.
 */
static int
keep_rows(const double *rows, int n, int m, double low, double high, double *kept, double *d)
{
	int			result = 0;

	for (int i = 0; i < n; i++)
	{
		if (d[i] < low || d[i] > high)
			continue;
		memcpy(kept + (Size) m * result, rows + (Size) m * i, sizeof(double) * m);
		d[result++] = d[i];
	}
	return result;
}

/*
 * Add an example, times weight, to the loss of a point, and to its gradient
 * and Hessian.
 */
static void
add_example(Point *point, const MMContrast *example, int m, double weight, Scratch *s,
			bool derivatives)
{
	int			nx = example->npositives;
	int			ny = example->nnegatives;
	double		part = weight / ((double) nx * ny);
	double		center = HUGE_VAL;
	double		top = -HUGE_VAL;
	double		loss = 0.0;

	cblas_dgemv(CblasRowMajor, CblasNoTrans, nx, m, 1.0, example->positives, m, point->w, 1, 0.0,
				s->dx, 1);
	cblas_dgemv(CblasRowMajor, CblasNoTrans, ny, m, 1.0, example->negatives, m, point->w, 1, 0.0,
				s->dy, 1);
	for (int i = 0; i < nx; i++)
		top = Max(top, s->dx[i]);
	for (int j = 0; j < ny; j++)
		center = Min(center, s->dy[j]);
	nx = keep_rows(example->positives, nx, m, center - SETTLED, HUGE_VAL, s->x, s->dx);
	ny = keep_rows(example->negatives, ny, m, -HUGE_VAL, top + SETTLED, s->y, s->dy);
	if (nx == 0 || ny == 0)
		return;

	for (int j = 0; j < ny; j++)
	{
		s->ey[j] = exp_or_zero(center - s->dy[j]);
		s->ay[j] = s->by[j] = 0.0;
	}

	for (int first = 0; first < nx; first += BLOCK)
	{
		int			n = Min(BLOCK, nx - first);

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < n; i++)
		{
			double		dx = s->dx[first + i];

			row_pairs(s, dx, center, ny);
			loss += row_loss(s, dx, ny);
			if (derivatives)
				row_derivatives(s, ny, &s->ax[first + i], &s->bx[first + i], &s->b[(Size) i * ny]);
		}
		if (!derivatives)
			continue;

		/* subtract X' B Y and its transpose */
		cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, m, ny, 1.0, s->b, ny,
					s->y, m, 0.0, s->yb, m);
		cblas_dsyr2k(CblasColMajor, CblasLower, CblasNoTrans, m, n, -part,
					 s->x + (Size) first * m, m, s->yb, m, 1.0, point->hessian, m);
	}
	point->loss += part * loss;
	if (!derivatives)
		return;

	cblas_dgemv(CblasRowMajor, CblasTrans, nx, m, part, s->x, m, s->ax, 1, 1.0,
				point->gradient, 1);
	cblas_dgemv(CblasRowMajor, CblasTrans, ny, m, -part, s->y, m, s->ay, 1, 1.0,
				point->gradient, 1);
	/* A diagonal factor is split between both sides, as its root on each. */
	for (int i = 0; i < nx; i++)
		s->bx[i] = sqrt(s->bx[i]);
	scale_rows(s->x, s->bx, nx, m, s->scaled);
	cblas_dsyrk(CblasColMajor, CblasLower, CblasNoTrans, m, nx, part, s->scaled, m, 1.0,
				point->hessian, m);
	for (int j = 0; j < ny; j++)
		s->by[j] = sqrt(s->by[j]);
	scale_rows(s->y, s->by, ny, m, s->scaled);
	cblas_dsyrk(CblasColMajor, CblasLower, CblasNoTrans, m, ny, part, s->scaled, m, 1.0,
				point->hessian, m);
}

/*
 * Compute everything about a point except w.
 */
static void
evaluate(Point *point, const MMFitProblem *problem, double l1, Scratch *s, bool derivatives)
{
	int			m = problem->m;
	double		total = 0.0;

	point->loss = 0.0;
	memset(point->gradient, 0, sizeof(point->gradient));
	memset(point->hessian, 0, sizeof(double) * m * m);
	for (int e = 0; e < problem->nexamples; e++)
		if (problem->examples[e].npositives > 0 && problem->examples[e].nnegatives > 0)
			total += problem->examples[e].importance;
	for (int e = 0; e < problem->nexamples; e++)
	{
		const MMContrast *example = &problem->examples[e];

		if (example->npositives > 0 && example->nnegatives > 0 && example->importance > 0)
			add_example(point, example, m, example->importance / total, s, derivatives);
	}

	point->value = point->loss;
	for (int c = 0; c < m; c++)
	{
		double		off = point->w[c] - (problem->towards ? problem->towards[c] : 0.0);

		point->value += l1 * point->w[c] + problem->pull / 2 * off * off;
		point->gradient[c] += l1 + problem->pull * off;
		point->hessian[c * m + c] += problem->pull;
	}
}

/*
 * The strength of the L1 term at which all weights become zero: the steepest
 * descent from there.
 */
static double
l1_limit(const MMFitProblem *problem, Scratch *s)
{
	Point	   *zero = palloc0(sizeof(Point));
	double		limit = 0.0;

	evaluate(zero, problem, 0.0, s, true);
	for (int c = 0; c < problem->m; c++)
		limit = Max(limit, -zero->gradient[c]);
	return limit;
}

static bool
is_dropped(const MMFitProblem *problem, int column)
{
	return problem->dropped != NULL && problem->dropped[column];
}

/*
 * Newton's step in the weights that are free to move.  Those at zero that
 * would become negative stay there.  Returns false if the matrix is not
 * positive definite, which rounding may cause.
 */
static bool
newton_step(const Point *point, const MMFitProblem *problem, double *step)
{
	int			m = problem->m;
	double		a[MAX_M * MAX_M];
	double		b[MAX_M];
	int			free_columns[MAX_M];
	double		trace = 0.0;
	int			n = 0;
	int			one = 1;
	int			info;

	for (int c = 0; c < m; c++)
	{
		step[c] = 0.0;
		if (!is_dropped(problem, c) && (point->w[c] > 0 || point->gradient[c] < 0))
			free_columns[n++] = c;
		trace += point->hessian[c * m + c];
	}
	if (n == 0)
		return false;
	for (int i = 0; i < n; i++)
	{
		for (int j = 0; j <= i; j++)
			a[j * n + i] = point->hessian[free_columns[j] * m + free_columns[i]];
		a[i * n + i] += 1e-13 * trace;
		b[i] = -point->gradient[free_columns[i]];
	}
	dposv_("L", &n, &one, a, &n, b, &n, &info);
	if (info != 0)
		return false;
	for (int i = 0; i < n; i++)
		step[free_columns[i]] = b[i];
	return true;
}

/*
 * A step straight downhill, by about the size of the weights.
 */
static void
downhill_step(const Point *point, const MMFitProblem *problem, double *step)
{
	int			m = problem->m;
	double		size = 0.0;
	double		slope = 0.0;

	for (int c = 0; c < m; c++)
	{
		size += point->w[c];
		slope += fabs(point->gradient[c]);
	}
	for (int c = 0; c < m; c++)
		step[c] = slope > 0 && !is_dropped(problem, c) ?
			-point->gradient[c] * Max(size, 1.0) / slope : 0.0;
}

/*
 * Move to a better point along the step, where weights that would become
 * negative are 0.  Returns false if there is none.
 */
static bool
line_search(Point *point, Point *next, const double *step, const MMFitProblem *problem,
			double l1, Scratch *s)
{
	for (double length = 1.0; length > 1e-7; length /= length == 1.0 ? 2 : 4)
	{
		double		expected = 0.0;

		for (int c = 0; c < problem->m; c++)
		{
			next->w[c] = Max(0.0, point->w[c] + length * step[c]);
			expected += point->gradient[c] * (next->w[c] - point->w[c]);
		}
		if (expected >= 0)
			continue;
		evaluate(next, problem, l1, s, false);
		if (next->value <= point->value + 1e-4 * expected)
			return true;
	}
	return false;
}

double
mm_fit(const MMFitProblem *problem, int steps, double *w)
{
	int			m = problem->m;
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext, "mmdb fit",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(work);
	Point	   *point = palloc0(sizeof(Point));
	Point	   *next = palloc0(sizeof(Point));
	double		step[MAX_M];
	double		result;
	double		l1;
	Scratch		s;

	Assert(m <= MAX_M && problem->pull > 0);
	take_buffer();
	scratch_init(&s, problem);
	l1 = problem->l1 > 0 ? problem->l1 * l1_limit(problem, &s) : 0.0;
	memcpy(point->w, w, sizeof(double) * m);
	evaluate(point, problem, l1, &s, true);
	for (int i = 0; i < steps; i++)
	{
		double		before = point->value;

		if (!(newton_step(point, problem, step) && line_search(point, next, step, problem, l1, &s)))
		{
			downhill_step(point, problem, step);
			if (!line_search(point, next, step, problem, l1, &s))
				break;
		}
		memcpy(point->w, next->w, sizeof(double) * m);
		evaluate(point, problem, l1, &s, true);
		if (before - point->value <= TOLERANCE * before)
			break;
	}
	result = point->loss;
	memcpy(w, point->w, sizeof(double) * m);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(work);
	return result;
}
