/*-------------------------------------------------------------------------
 *
 * advice.h
 *	  What could be changed about an index, and what that would change.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_ADVICE_H
#define MM_ADVICE_H

#include "tune/knobs.h"
#include "tune/parameters.h"

/* What a change does to the index. */
typedef enum MMChange
{
	MM_CHANGE_PARAMETERS,		/* it is made anew with other parameters */
	MM_CHANGE_COLUMNS,			/* another takes its place, over some of its columns */
	MM_CHANGE_EXTRA,			/* there is another one beside it */
	MM_CHANGE_BTREE,			/* there is a B-tree beside it */
	MM_CHANGE_SETTING,			/* work_mem */
	MM_CHANGE_RULE,				/* not measured */
} MMChange;

/* What the index has taken, or a change of it, in a copy. */
typedef struct MMTrial
{
	MMEffort   *each;			/* of the tasks; NULL: not tried there */
	double		work;			/* their mean */
	double		bytes;			/* of all mmdb indexes, and a B-tree */
	double		seconds;		/* to build it */
} MMTrial;

typedef struct MMAdvice
{
	MMChange	kind;
	const char *change;			/* in a few words */
	const char *reason;
	MMParameters parameters;	/* of the index that is made */
	uint32		columns;		/* of that */
	const char *definition;		/* of a B-tree: "(a)" */
	const char *setting;		/* a value of work_mem */
	int			nstatements;
	char	   *statements[4];

	/* What trials have shown. */
	bool		measured;
	MMTrial		trial;			/* in the copy */
	MMTrial		large;			/* in the larger one, if there is one */
	double		log_ratio;		/* of work, for the whole table */
} MMAdvice;

/*
 * mm_advice_columns: the names of columns, for a message.
 */
extern char *mm_advice_columns(const MMWorkload *workload, uint32 columns);

/*
 * mm_advice_candidates: append to list (of MMAdvice *) what is worth a trial.
 *
 * mm_advice_combine: a candidate that has the parameters of both of two candidates
 * of the kind MM_CHANGE_PARAMETERS; NULL if they set the same.
 *
 * mm_advice_rules: append what needs no trial: statistics that are missing, and
 * scales that are off, as an index over a copy shows.
 *
 * mm_advice_finish: set the statements of a candidate.
 */
extern List *mm_advice_candidates(const MMWorkload *workload, const MMTrialIndex *standard,
								  bool spills, List *list);
extern MMAdvice *mm_advice_combine(const MMWorkload *workload, const MMAdvice *a, const MMAdvice *b);
extern List *mm_advice_rules(const MMWorkload *workload, const MMTrialIndex *standard, List *list);
extern void mm_advice_finish(const MMWorkload *workload, MMAdvice *advice);

#endif							/* MM_ADVICE_H */
