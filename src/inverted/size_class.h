/*-------------------------------------------------------------------------
 *
 * size_class.h
 *	  Classes of sizes of values.
 *
 * Each size below 64 is a class of its own.  From there on, each power of 2 has
 * 16 classes.  NULL has the last class.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_SIZE_CLASS_H
#define MM_SIZE_CLASS_H

#include "port/pg_bitutils.h"

#define MM_EXACT_SIZES		64
#define MM_EXACT_BITS		6
#define MM_SIZE_CLASSES		512
#define MM_CLASS_NULL		(MM_SIZE_CLASSES - 1)

/* Values of this size or more have no tokens; only their class is known. */
#define MM_COUNTED_SIZE		(BLCKSZ / 8)	/* a power of 2 */

/*
 * mm_size_class: the class of a size.
 *
 * mm_class_least, mm_class_greatest: the sizes that a class goes from and to.
 */
static inline int
mm_size_class(int size)
{
	int			bits;

	if (size < MM_EXACT_SIZES)
		return size;
	bits = pg_leftmost_one_pos32(size);
	return MM_EXACT_SIZES + (bits - MM_EXACT_BITS) * 16 + (size >> (bits - 4)) % 16;
}

static inline int
mm_class_least(int size_class)
{
	int			over = size_class - MM_EXACT_SIZES;

	return over < 0 ? size_class : (16 + over % 16) << (over / 16 + MM_EXACT_BITS - 4);
}

static inline int
mm_class_greatest(int size_class)
{
	int			over = size_class - MM_EXACT_SIZES;

	return over < 0 ? size_class :
		(int) (((int64) (17 + over % 16) << (over / 16 + MM_EXACT_BITS - 4)) - 1);
}

/*
 * mm_class_is_counted: do values of this class have tokens?
 */
static inline bool
mm_class_is_counted(int size_class)
{
	return size_class != MM_CLASS_NULL && mm_class_least(size_class) < MM_COUNTED_SIZE;
}

#endif							/* MM_SIZE_CLASS_H */
