/*-------------------------------------------------------------------------
 *
 * threshold.h
 *	  How large a key is likely to be needed by a search for the nearest rows.
 *
 * A search keeps what is left of each node it has read.  Most of a leaf is never
 * looked at again.  So it keeps only the entries below a threshold: the m-th least
 * of all keys that it has come across, for an m a few times as many as the rows
 * that are wanted.  If it needs to go beyond that, it reads the leaf again.
 *
 * Searches of several trees for the same rows, as of partitions, share a threshold: the
 * rows that are wanted are the nearest of all.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_THRESHOLD_H
#define MM_THRESHOLD_H

typedef struct MMThreshold
{
	int			m;				/* 0: there is none */
	int			n;				/* keys that are kept, fewer than 2 m */
	float	   *keys;			/* the m least so far, but for those above the threshold */
	float		threshold;
} MMThreshold;

/*
 * mm_threshold_init: begin a search for so many rows (0: not known), in the
 * current context.
 */
extern void mm_threshold_init(MMThreshold *threshold, double rows);

/*
 * mm_threshold_cut: 2 m keys are kept: leave the m least, and set the threshold to the
 * greatest of them.
 */
extern void mm_threshold_cut(MMThreshold *threshold);

/*
 * mm_threshold_add: the search has come across this key.
 */
static inline void
mm_threshold_add(MMThreshold *threshold, float key)
{
	if (threshold->m == 0 || !(key < threshold->threshold))
		return;
	threshold->keys[threshold->n++] = key;
	if (threshold->n == 2 * threshold->m)
		mm_threshold_cut(threshold);
}

#endif							/* MM_THRESHOLD_H */
