/*-------------------------------------------------------------------------
 *
 * random.h
 *	  Random numbers that are the same everywhere.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_RANDOM_H
#define MM_RANDOM_H

/*
 * A generator of random numbers.  It gives the same sequence for the same
 * seed, on every version of PostgreSQL.  (SplitMix64: Steele, Lea and Flood,
 * "Fast splittable pseudorandom number generators", 2014.)
 */
typedef struct MMRandom
{
	uint64		seed;
	uint64		count;			/* of numbers drawn */
} MMRandom;

/*
 * mm_mix_bits: a number each bit of which depends on every bit of x.
 */
static inline uint64
mm_mix_bits(uint64 x)
{
	x = (x ^ (x >> 30)) * UINT64CONST(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64CONST(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/*
 * mm_random_bits: 64 random bits.
 * mm_random_below: a random integer from 0 to n - 1.
 */
static inline uint64
mm_random_bits(MMRandom *random)
{
	return mm_mix_bits(mm_mix_bits(random->seed) +
					   ++random->count * UINT64CONST(0x9e3779b97f4a7c15));
}

static inline int64
mm_random_below(MMRandom *random, int64 n)
{
	return (int64) ((mm_random_bits(random) >> 11) * 0x1.0p-53 * n);
}

#endif							/* MM_RANDOM_H */
