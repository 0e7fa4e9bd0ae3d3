/*-------------------------------------------------------------------------
 *
 * fit.h
 *	  The weights that make wanted rows nearer than others: what mmdb asks of
 *	  its second module, mmdb_learn.
 *
 * That module is the only user of OpenBLAS, and is loaded by the sessions that
 * learn weights, not by those that search.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_FIT_H
#define MM_FIT_H

/*
 * One example, m columns: the distances of nwanted and of nothers rows from its
 * query object, row by row, m numbers each, all finite.
 */
typedef struct MMContrast
{
	int			nwanted;
	int			nothers;		/* an example without either has no part */
	const double *wanted;		/* nwanted x m */
	const double *others;		/* nothers x m */
	double		importance;		/* how often it counts; >= 0 */
} MMContrast;

/*
 * The problem: minimize, over w >= 0,
 *
 *	  mean over examples of the mean over pairs (wanted x, other y)
 *		  of log(1 + exp(w.x - w.y))
 *	  + l1 * (the least l1 strength that makes all w zero) * sum of w
 *	  + pull / 2 * |w - towards|^2
 *
 * It is convex.
 */
typedef struct MMFitProblem
{
	int			m;				/* columns, at most MM_FIT_MAX_COLUMNS */
	int			nexamples;
	const MMContrast *examples;
	double		l1;				/* 0 .. 1 */
	double		pull;			/* > 0 */
	const double *towards;		/* m; NULL: zeros */
	const bool *dropped;		/* m: this weight stays 0; NULL: none */
} MMFitProblem;

#define MM_FIT_MAX_COLUMNS	32

/* The module, and the function in it. */
#define MM_FIT_LIBRARY		"$libdir/mmdb_learn"
#define MM_FIT_FUNCTION		"mm_fit"

/*
 * mm_fit: minimize, from w (m numbers >= 0), by at most so many Newton steps;
 * the result replaces w.  Returns the mean over the pairs alone: the loss.
 */
typedef double (*MMFitFunction) (const MMFitProblem *problem, int steps, double *w);

#endif							/* MM_FIT_H */
