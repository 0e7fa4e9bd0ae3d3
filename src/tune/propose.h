/*-------------------------------------------------------------------------
 *
 * propose.h
 *	  Which configuration to try next.
 *
 * Configurations are points of a cube (knobs.h).  A proposer is told what each
 * that was tried has cost.  It is plain C on small arrays, without a library of
 * linear algebra: such libraries round differently on different processors, and a
 * seed is to give the same steps everywhere.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_PROPOSE_H
#define MM_PROPOSE_H

#include "base/random.h"
#include "tune/knobs.h"

/* What a trial has measured besides its cost; each as the logarithm of its ratio to the defaults'. */
#define MM_TRIAL_METRICS	6

/* A configuration that was tried. */
typedef struct MMTried
{
	double		point[MM_MAX_KNOBS];
	double		cost;			/* as a ratio to that of the defaults */
	double		reward;
	double		metrics[MM_TRIAL_METRICS];
} MMTried;

/*
 * A uniform number from 0 to below 1; and one with the normal distribution.
 */
static inline double
mm_random_unit(MMRandom *random)
{
	return (double) (mm_random_bits(random) >> 11) * 0x1.0p-53;
}

extern double mm_random_normal(MMRandom *random);

/*
 * mm_search_next: the next point by a surrogate: first a Latin hypercube, then
 * where a random forest that was fitted to n tries expects the most improvement.
 * steps is how many there will be; the first of tried has the defaults.
 */
typedef struct MMSurrogate MMSurrogate;

extern MMSurrogate *mm_surrogate_begin(const MMKnobs *knobs, int steps, int seed);
extern void mm_surrogate_next(MMSurrogate *surrogate, const MMTried *tried, int n, double *point);

/*
 * mm_policy_next: the next point by DDPG.
 */
typedef struct MMPolicy MMPolicy;

extern MMPolicy *mm_policy_begin(const MMKnobs *knobs, const double *standard, int steps, int seed);
extern void mm_policy_next(MMPolicy *policy, const MMTried *tried, int n, double *point);

#endif							/* MM_PROPOSE_H */
