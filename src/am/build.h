/*-------------------------------------------------------------------------
 *
 * build.h
 *	  What the leader of an index build shares with its workers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_BUILD_H
#define MM_BUILD_H

#include "executor/tuptable.h"
#include "storage/dsm.h"
#include "storage/shm_toc.h"
#include "utils/tuplesort.h"

#include "model/model.h"
#include "tree/entries.h"

/*
 * A node of the binary tree of median splits that divides the embedded space
 * into partitions.  The tree is an array, so that it can be in shared memory.
 * The first node is the root.
 */
typedef struct MMPartitionNode
{
	int			coordinate;		/* split along this; -1: a partition */
	float		middle;			/* entries with greater keys go right */
	int			left;			/* nodes; or left is the partition's number */
	int			right;
} MMPartitionNode;

typedef struct MMBuild
{
	Relation	index;
	MMColumns  *columns;
	MMModel    *model;
	bool		concurrent;
	int32	   *dimensions;
	int64		nrows;
	MMEntries  *entries;		/* entries in memory, or of one partition */
	MMPartitionNode *partitions;	/* NULL: all in memory */
	int			npartition_nodes;
	Tuplesortstate *sort;
	TupleTableSlot *slot;		/* partition number and entry */
	MMEntry		entry;
	MemoryContext scratch;		/* reset for each row */
} MMBuild;

/* build_rows.c */

/*
 * mm_build_begin_sort: prepare to sort entries by partition, within workmem
 * kB.  coordinate is this process's part in a parallel sort, or NULL.
 */
extern void mm_build_begin_sort(MMBuild *build, int workmem, SortCoordinate coordinate);

/*
 * mm_build_row: the callback of the table scan, which embeds one row.
 */
extern void mm_build_row(Relation index, ItemPointer tid, Datum *keys,
						 bool *keynulls, bool tupleIsAlive, void *build);

/* build_parallel.c */

/*
 * mm_build_workers: how many parallel workers to ask for.
 */
extern int	mm_build_workers(Relation heap, Relation index);

/*
 * mm_build_parallel: let up to nworkers processes read the table and sort the
 * entries, and take over into build->sort what they have sorted.
 * build->partitions must be known.  Returns false if no processes are
 * available.  Otherwise, call mm_build_parallel_end after the sort has been
 * read.
 */
typedef struct MMParallelBuild MMParallelBuild;
extern MMParallelBuild *mm_build_parallel(MMBuild *build, Relation heap, int nworkers);
extern void mm_build_parallel_end(MMParallelBuild *parallel);

/* The function that a worker runs. */
extern PGDLLEXPORT void mm_build_worker(dsm_segment *seg, shm_toc *toc);

#endif							/* MM_BUILD_H */
