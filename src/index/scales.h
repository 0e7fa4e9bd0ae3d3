/*-------------------------------------------------------------------------
 *
 * scales.h
 *	  The scales of an index: what normalized distances are divided by.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_SCALES_H
#define MM_SCALES_H

#include "index/columns.h"

/*
 * The numbers that normalized distances are divided by.
 */
typedef struct MMScales
{
	double		in_force[MM_MAX_COLUMNS];	/* 0: there is none */
	bool		pinned[MM_MAX_COLUMNS];	/* by the index's storage parameter */
} MMScales;

/*
 * mm_scales_fit: if the storage parameter of an index is set, does it have an
 * element for each of ncolumns columns?
 *
 * mm_scales_check_parameter: report it if it does not, as an error or a
 * WARNING, as elevel says.
 */
extern bool mm_scales_fit(Relation index, int ncolumns);
extern void mm_scales_check_parameter(Relation index, const MMColumns *columns,
									  int elevel);

/*
 * mm_scales_parameter: the value of the storage parameter for the scales of n
 * columns, those that are not NULL; or NULL if all are.  Raises an error if one is
 * no scale.
 *
 * mm_scales_set_partitioned: set the parameter of a partitioned index, which the
 * caller has locked; NULL resets it.  Its partitions' indexes keep theirs.
 */
extern char *mm_scales_parameter(const double *scales, const bool *isnull, int n);
extern void mm_scales_set_partitioned(Oid oid, const char *value);

/*
 * mm_scales_get: the scales of an index, plain or partitioned, with these
 * statistics.  Raises an error if the storage parameter does not fit the
 * columns.
 */
extern void mm_scales_get(Relation index, const MMColumns *columns,
						  const MMMeta *statistics, MMScales *scales);

/*
 * mm_scales_require: raise an error unless all of these columns (bit i: column
 * i) have scales.  Warns, once for each session and index, if the scales were
 * measured on far fewer rows than there are now.
 */
extern void mm_scales_require(Relation index, const MMColumns *columns,
							  const MMMeta *statistics, const MMScales *scales,
							  uint32 used);

#endif							/* MM_SCALES_H */
