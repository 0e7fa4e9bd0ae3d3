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

#include "inverted/inverted.h"
#include "model/vantage.h"
#include "tree/entries.h"
#include "tree/tree.h"

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

/*
 * A tree that is being built, and its entries on their way there.
 */
typedef struct MMBuildTree
{
	MMTree		tree;			/* of an MVP-tree, that of the first region */
	int			column;			/* of a sub-index; -1: the shared tree */
	MMSubindex	subindex;		/* likewise; not of the shared tree */
	MMVantage  *vantage;		/* of an MVP-tree; otherwise NULL */
	const MMModel *plain;		/* of an MVP-tree: without its coordinates */
	int			region;			/* of the current row */
	int			nlists;			/* one, or of an MVP-tree, of its regions */
	MMEntries **lists;			/* entries in memory, or of one partition */
	MMPartitionNode *partitions;	/* of what is sorted; an MVP-tree has regions */
	int			npartition_nodes;
	Tuplesortstate *sort;
	TupleTableSlot *slot;		/* partition number and entry */
	MMEntry		entry;			/* of the current row */
} MMBuildTree;

/*
 * An inverted index that is being built.
 */
typedef struct MMBuildInverted
{
	MMInverted	inverted;
	int			column;
	MMInvertedBuild *build;
	MMTokens	tokens;			/* of the current row */
} MMBuildInverted;

typedef struct MMBuild
{
	Relation	index;
	MMColumns  *columns;
	bool		concurrent;
	int32	   *dimensions;
	int64		nrows;
	ItemPointerData tid;		/* of the current row */
	int			ninverted;
	MMBuildInverted inverted[MM_MAX_COLUMNS];
	int			ntrees;
	MMBuildTree trees[1 + MM_MAX_SUBINDEXES];	/* the shared tree comes first */
	MemoryContext scratch;		/* reset for each row */
} MMBuild;

/* build_rows.c */

/*
 * mm_build_open_trees: open the models of the shared tree and of the
 * sub-indexes, as stored describes them.
 */
extern void mm_build_open_trees(MMBuild *build, const MMMeta *meta, const void *stored);

/*
 * mm_build_begin: get ready for entries in memory, and for those of inverted
 * indexes, which write WAL if logged.
 *
 * mm_build_embed: make what trees and inverted indexes have of a row.  Leaks
 * memory.
 *
 * mm_build_add: add that.
 */
extern void mm_build_begin(MMBuild *build, bool logged);
extern void mm_build_embed(MMBuild *build, ItemPointer tid, Datum *values, const bool *isnull);
extern void mm_build_add(MMBuild *build);

/*
 * mm_build_begin_sort: prepare to sort the entries of a tree by partition,
 * within workmem kB.  coordinate is this process's part in a parallel sort, or
 * NULL.
 */
extern void mm_build_begin_sort(MMBuildTree *tree, int workmem, SortCoordinate coordinate);

/*
 * mm_build_row: the callback of the table scan, which embeds one row.
 */
extern void mm_build_row(Relation index, ItemPointer tid, Datum *keys,
						 bool *keynulls, bool tupleIsAlive, void *build);

/* build_pack.c */

/*
 * mm_build_pack: write a tree, or all trees of an MVP-tree.  Where entries were
 * sorted, so many of them are taken at a time.
 */
extern void mm_build_pack(MMBuildTree *tree, int64 entries_in_memory);

/* build_parallel.c */

/*
 * mm_build_workers: how many parallel workers to ask for.
 */
extern int	mm_build_workers(Relation heap, Relation index);

/*
 * mm_build_parallel: let up to nworkers processes read the table and sort the
 * entries, and take over into the trees' sorts what they have sorted, and into
 * indexInfo whether old snapshots may use the index.
 * Partitions must be known.  Returns NULL if no processes are
 * available.  Otherwise, call mm_build_parallel_end after the sort has been
 * read.
 */
typedef struct MMParallelBuild MMParallelBuild;
extern MMParallelBuild *mm_build_parallel(MMBuild *build, Relation heap, IndexInfo *indexInfo,
										  int nworkers);
extern void mm_build_parallel_end(MMParallelBuild *parallel);

/* The function that a worker runs. */
extern PGDLLEXPORT void mm_build_worker(dsm_segment *seg, shm_toc *toc);

#endif							/* MM_BUILD_H */
