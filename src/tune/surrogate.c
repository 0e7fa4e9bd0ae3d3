/*-------------------------------------------------------------------------
 *
 * surrogate.c
 *	  Search with a surrogate: a random forest tells what a configuration will
 *	  probably cost, and how sure that is.
 *
 * This is sequential model-based optimization as SMAC has it (Hutter, Hoos and
 * Leyton-Brown, 2011), which MQRLD uses: a Latin hypercube to begin with, then
 * always the point with the greatest expected improvement among random ones and
 * neighbours of the best so far, and now and then a random one.  A forest takes
 * knobs with choices as they are, and does not mind knobs that have no effect.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/compare.h"
#include "tune/propose.h"

#define TREES			40
#define MAX_NODES		256		/* of a tree */
#define LEAST_SPLIT		3		/* tries in a node that is divided */
#define MAX_TRIES		1024	/* a tree sees no more */

#define RANDOM_POINTS	600		/* that are considered */
#define NEIGHBOURS		60		/* of each of the best: */
#define BEST			6

/* One in so many proposals is random: a forest is sure of too much where it has seen nothing. */
#define RANDOM_EVERY	2

struct MMSurrogate
{
	const MMKnobs *knobs;
	MMRandom	random;
	int			design;			/* points of the hypercube */
	double	  **hypercube;
};

typedef struct Branch
{
	int			knob;			/* -1: a leaf */
	double		border;			/* left: at most this */
	int			left;			/* the right one is the next */
	double		mean;			/* of a leaf */
} Branch;

typedef struct Tree
{
	int			n;
	Branch		nodes[MAX_NODES];
} Tree;

double
mm_random_normal(MMRandom *random)
{
	/* The sum of twelve uniform numbers, which takes no function of libm. */
	double		sum = -6.0;

	for (int i = 0; i < 12; i++)
		sum += mm_random_unit(random);
	return sum;
}

/* ---------- the first points ---------- */

/*
 * A Latin hypercube: in each dimension, each of its slices has one point.
 */
static void
make_hypercube(MMSurrogate *surrogate)
{
	int			n = surrogate->design;
	int			d = surrogate->knobs->n;
	int		   *order = palloc(sizeof(int) * n);

	surrogate->hypercube = palloc(sizeof(double *) * n);
	for (int i = 0; i < n; i++)
		surrogate->hypercube[i] = palloc(sizeof(double) * d);
	for (int k = 0; k < d; k++)
	{
		for (int i = 0; i < n; i++)
			order[i] = i;
		for (int i = n - 1; i > 0; i--)
		{
			int			j = (int) mm_random_below(&surrogate->random, i + 1);
			int			other = order[i];

			order[i] = order[j];
			order[j] = other;
		}
		for (int i = 0; i < n; i++)
			surrogate->hypercube[i][k] = (order[i] + mm_random_unit(&surrogate->random)) / n;
	}
	pfree(order);
}

MMSurrogate *
mm_surrogate_begin(const MMKnobs *knobs, int steps, int seed)
{
	MMSurrogate *surrogate = palloc0(sizeof(MMSurrogate));

	surrogate->knobs = knobs;
	surrogate->random.seed = (uint32) seed;
	surrogate->design = Max(1, Min(Max(4, knobs->n), steps / 4));
	make_hypercube(surrogate);
	return surrogate;
}

/* ---------- the forest ---------- */

/*
 * Find the best border between the tries of a node in one knob.  Returns what is left
 * of the squared error, or Infinity if there is no border.
 */
static double
best_border(const MMTried *tried, const double *costs, const int *of, int n, int knob, double *border)
{
	double		values[MAX_TRIES];
	double		least = HUGE_VAL;

	for (int i = 0; i < n; i++)
		values[i] = tried[of[i]].point[knob];
	qsort(values, n, sizeof(double), mm_compare_doubles);
	for (int b = 1; b < n; b++)
	{
		double		at = (values[b - 1] + values[b]) / 2;
		double		sum[2] = {0};
		double		squares = 0.0;
		int			count[2] = {0};
		double		error;

		if (values[b - 1] == values[b])
			continue;
		for (int i = 0; i < n; i++)
		{
			int			side = tried[of[i]].point[knob] > at;

			sum[side] += costs[of[i]];
			squares += costs[of[i]] * costs[of[i]];
			count[side]++;
		}
		error = squares - sum[0] * sum[0] / count[0] - sum[1] * sum[1] / count[1];
		if (error < least)
		{
			least = error;
			*border = at;
		}
	}
	return least;
}

/*
 * Grow a node for n tries; of is reordered.
 */
static void
grow(MMSurrogate *surrogate, Tree *tree, int number, const MMTried *tried, const double *costs, int *of, int n)
{
	Branch	   *node = &tree->nodes[number];
	int			d = surrogate->knobs->n;
	double		least = HUGE_VAL;
	int			left = 0;

	node->knob = -1;
	node->mean = 0.0;
	for (int i = 0; i < n; i++)
		node->mean += costs[of[i]] / n;
	if (n < LEAST_SPLIT || tree->n + 2 > MAX_NODES)
		return;
	/* A third of the knobs, or more, are considered. */
	for (int i = 0; i < Max((d * 2 + 2) / 3, 1); i++)
	{
		int			knob = (int) mm_random_below(&surrogate->random, d);
		double		border;
		double		error = best_border(tried, costs, of, n, knob, &border);

		if (error < least)
		{
			least = error;
			node->knob = knob;
			node->border = border;
		}
	}
	if (node->knob < 0)
		return;
	for (int i = 0; i < n; i++)
		if (tried[of[i]].point[node->knob] <= node->border)
		{
			int			other = of[left];

			of[left++] = of[i];
			of[i] = other;
		}
	node->left = tree->n;
	tree->n += 2;
	grow(surrogate, tree, node->left, tried, costs, of, left);
	grow(surrogate, tree, node->left + 1, tried, costs, of + left, n - left);
}

static double
ask_tree(const Tree *tree, const double *point)
{
	int			i = 0;

	while (tree->nodes[i].knob >= 0)
		i = tree->nodes[i].left + (point[tree->nodes[i].knob] > tree->nodes[i].border);
	return tree->nodes[i].mean;
}

static Tree *
make_forest(MMSurrogate *surrogate, const MMTried *tried, const double *costs, int n)
{
	Tree	   *trees = palloc(sizeof(Tree) * TREES);
	int		   *of = palloc(sizeof(int) * n);

	for (int t = 0; t < TREES; t++)
	{
		CHECK_FOR_INTERRUPTS();
		/* Each tree sees another sample, drawn with replacement. */
		for (int i = 0; i < n; i++)
			of[i] = (int) mm_random_below(&surrogate->random, n);
		trees[t].n = 1;
		grow(surrogate, &trees[t], 0, tried, costs, of, n);
	}
	pfree(of);
	return trees;
}

/* ---------- expected improvement ---------- */

static double
expected_improvement(const Tree *trees, const double *point, double best)
{
	double		mean = 0.0;
	double		squares = 0.0;
	double		deviation;
	double		z;

	for (int t = 0; t < TREES; t++)
	{
		double		cost = ask_tree(&trees[t], point);

		mean += cost / TREES;
		squares += cost * cost / TREES;
	}
	deviation = sqrt(Max(squares - mean * mean, 0.0));
	if (deviation < 1e-9)
		return Max(best - mean, 0.0);
	z = (best - mean) / deviation;
	return (best - mean) * 0.5 * erfc(-z * M_SQRT1_2) + deviation * exp(-z * z / 2) / sqrt(2 * M_PI);
}

static void
random_point(MMSurrogate *surrogate, double *point)
{
	for (int k = 0; k < surrogate->knobs->n; k++)
		point[k] = mm_random_unit(&surrogate->random);
}

/*
 * A neighbour of a point: one or two knobs are changed, a little or altogether.
 */
static void
neighbour(MMSurrogate *surrogate, const double *of, double *point)
{
	int			changes = 1 + (int) mm_random_below(&surrogate->random, 2);

	memcpy(point, of, sizeof(double) * surrogate->knobs->n);
	for (int i = 0; i < changes; i++)
	{
		int			k = (int) mm_random_below(&surrogate->random, surrogate->knobs->n);
		double		x = mm_random_unit(&surrogate->random);

		if (surrogate->knobs->knobs[k].kind == MM_KNOB_CHOICE || x < 0.2)
			point[k] = mm_random_unit(&surrogate->random);
		else
			point[k] = Min(Max(point[k] + 0.15 * mm_random_normal(&surrogate->random), 0.0), 1.0);
	}
}

/*
 * Make a point the one that stands for its values.  Returns whether it is new.
 */
static bool
settle(const MMSurrogate *surrogate, const MMTried *tried, int n, double *point)
{
	double		values[MM_MAX_KNOBS];

	mm_knobs_decode(surrogate->knobs, point, values);
	mm_knobs_encode(surrogate->knobs, values, point);
	for (int i = 0; i < n; i++)
		if (memcmp(tried[i].point, point, sizeof(double) * surrogate->knobs->n) == 0)
			return false;
	return true;
}

void
mm_surrogate_next(MMSurrogate *surrogate, const MMTried *tried, int n, double *point)
{
	int			number = n - 1; /* of tries after the defaults */
	int			seen = Min(n, MAX_TRIES);
	const MMTried *recent = tried + (n - seen);
	double	   *costs;
	Tree	   *trees;
	double		most = -1.0;
	int			order[BEST];
	int			nbest = 0;

	if (number < surrogate->design)
	{
		memcpy(point, surrogate->hypercube[number], sizeof(double) * surrogate->knobs->n);
		(void) settle(surrogate, tried, n, point);
		return;
	}
	if (number % RANDOM_EVERY == RANDOM_EVERY - 1)
	{
		random_point(surrogate, point);
		(void) settle(surrogate, tried, n, point);
		return;
	}

	/* Costs vary by factors. */
	costs = palloc(sizeof(double) * seen);
	for (int i = 0; i < seen; i++)
	{
		int			at;

		costs[i] = log(recent[i].cost);
		for (at = nbest; at > 0 && costs[order[at - 1]] > costs[i]; at--)
			if (at < BEST)
				order[at] = order[at - 1];
		if (at < BEST)
		{
			order[at] = i;
			nbest = Min(nbest + 1, BEST);
		}
	}
	trees = make_forest(surrogate, recent, costs, seen);
	random_point(surrogate, point);
	for (int i = 0; i < RANDOM_POINTS + NEIGHBOURS * nbest; i++)
	{
		double		candidate[MM_MAX_KNOBS];
		double		gain;

		if (i < RANDOM_POINTS)
			random_point(surrogate, candidate);
		else
			neighbour(surrogate, recent[order[(i - RANDOM_POINTS) % nbest]].point, candidate);
		if (!settle(surrogate, tried, n, candidate))
			continue;
		gain = expected_improvement(trees, candidate, costs[order[0]]);
		if (gain > most)
		{
			most = gain;
			memcpy(point, candidate, sizeof(double) * surrogate->knobs->n);
		}
	}
	(void) settle(surrogate, tried, n, point);
	pfree(trees);
	pfree(costs);
}
