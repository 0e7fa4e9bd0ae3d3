/*-------------------------------------------------------------------------
 *
 * compare.h
 *	  Comparisons for qsort.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_COMPARE_H
#define MM_COMPARE_H

/*
 * mm_compare_doubles, mm_compare_floats, mm_compare_ints: compare two numbers,
 * neither of them NaN, for ascending order.
 */
extern int	mm_compare_doubles(const void *a, const void *b);
extern int	mm_compare_floats(const void *a, const void *b);
extern int	mm_compare_ints(const void *a, const void *b);

#endif							/* MM_COMPARE_H */
