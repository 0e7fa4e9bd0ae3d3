/*-------------------------------------------------------------------------
 *
 * sample.h
 *	  A uniform random sample of the rows that an index is to hold.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_SAMPLE_H
#define MM_SAMPLE_H

#include "nodes/execnodes.h"

#include "index/columns.h"

typedef struct MMSample MMSample;

/*
 * mm_sample_table: read all rows that belong in the index, and keep a uniform
 * random sample of them.  It has at most sample_rows rows, and fewer if they
 * would take more than maintenance_work_mem.  *table_rows becomes the number
 * of live rows of the table.  The scan is that of an index build.
 */
extern MMSample *mm_sample_table(Relation heap, Relation index,
								 const IndexInfo *indexInfo,
								 MMColumns *columns, int sample_rows,
								 double *table_rows);

/*
 * For rows from elsewhere, mm_sample_begin starts a sample, mm_sample_add
 * takes a row, given as its columns' values, and mm_sample_finish makes the
 * sample ready for use.  key is a hash of the row's primary key, or NULL if
 * there is none.  mm_sample_begin and mm_sample_finish are called in the memory
 * context that the sample is to live in.
 */
extern MMSample *mm_sample_begin(MMColumns *columns, int sample_rows);
extern void mm_sample_add(MMSample *sample, const uint64 *key, Datum *values,
						  bool *isnull);
extern void mm_sample_finish(MMSample *sample);

/*
 * mm_sample_key: a hash of a primary key, made column by column.  before is the
 * hash of the columns so far (0: of none), and the result takes in one more
 * column.  The hash is the same on all machines of one word size and byte
 * order.  Leaks memory.
 */
extern uint64 mm_sample_key(uint64 before, Datum value, bool isnull,
							bool typbyval, int16 typlen);

/*
 * mm_sample_count: how many of the live rows seen have a value in this column
 * that is not NULL.
 *
 * mm_sample_entries: how many of the rows seen the index must hold, including
 * rows that were deleted recently.
 */
extern int64 mm_sample_entries(const MMSample *sample);
extern int64 mm_sample_count(const MMSample *sample, int column);

/*
 * mm_sample_dimensions: the dimensions that all values of a column have, or
 * -1.
 */
extern int32 mm_sample_dimensions(const MMSample *sample, int column);

/*
 * mm_sample_size: how many rows the sample has.
 *
 * mm_sample_values: the sampled values of a column that are not NULL; values
 * has room for mm_sample_size() of them.  Returns how many there are.
 */
extern int	mm_sample_size(const MMSample *sample);
extern int	mm_sample_values(const MMSample *sample, int column, Datum *values);

/*
 * mm_sample_row: the columns' values of one of the mm_sample_size() rows of
 * the sample.
 */
extern void mm_sample_row(const MMSample *sample, int row, Datum **values,
						  bool **isnull);

#endif							/* MM_SAMPLE_H */
