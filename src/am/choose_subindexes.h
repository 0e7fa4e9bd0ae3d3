/*-------------------------------------------------------------------------
 *
 * choose_subindexes.h
 *	  Which sub-indexes an index gets.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_CHOOSE_SUBINDEXES_H
#define MM_CHOOSE_SUBINDEXES_H

#include "model/forest.h"
#include "model/sample.h"

/*
 * In the end, there is one for each column at most; a trial may begin with one of
 * each kind.
 */
typedef struct MMChosenSubindexes
{
	int			n;
	MMSubindex	of[MM_MAX_SUBINDEXES]; /* without roots */
	void	   *models[MM_MAX_SUBINDEXES];
	void	   *skeletons[MM_MAX_SUBINDEXES];	/* of MVP-trees */
} MMChosenSubindexes;

/*
 * mm_subindexes_check_parameter: report an error of this level if the storage
 * parameter "subindexes" asks for what the columns cannot have.
 */
extern void mm_subindexes_check_parameter(Relation index, const MMColumns *columns, int elevel);

/*
 * mm_subindexes_choose: choose the sub-indexes of an index for whose shared
 * tree a model has been trained: those that the parameter asks for, as far as
 * the columns can have them, or if it is auto, those that a trial on the sample
 * recommends.  sample may be NULL: then there is no trial.  A trial uses the
 * pages of the index, which must have none but metadata and root.
 */
extern void mm_subindexes_choose(Relation index, MMColumns *columns, const MMMeta *meta,
								 const void *shared, const MMTraining *training,
								 const MMSample *sample, MMChosenSubindexes *chosen);

/*
 * mm_subindexes_make: give sub-indexes their roots, which are empty, and
 * append them to the stored model.  Returns that; meta gets its size and its
 * checksum.
 */
extern void *mm_subindexes_make(Relation index, MMMeta *meta, const void *shared,
								MMChosenSubindexes *chosen, bool logged);

#endif							/* MM_CHOOSE_SUBINDEXES_H */
