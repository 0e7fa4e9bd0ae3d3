/*-------------------------------------------------------------------------
 *
 * network.h
 *	  Small neural networks: two hidden layers, all connected.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_NETWORK_H
#define MM_NETWORK_H

#include "base/random.h"

#define MM_NETWORK_LAYERS	3
#define MM_NETWORK_HIDDEN	32

typedef struct MMNetwork
{
	int			sizes[MM_NETWORK_LAYERS + 1];	/* inputs, hidden, hidden, outputs */
	bool		bounded;		/* outputs are from 0 to 1 */
	int			n;				/* parameters */
	double	   *parameters;		/* of each layer: weights, output by output; biases */
	double	   *gradient;
	double	   *first;			/* the moments of Adam */
	double	   *second;
	int			steps;
	double	   *values[MM_NETWORK_LAYERS + 1];	/* of the last input */
	double	   *errors[MM_NETWORK_LAYERS + 1];	/* the loss by these */
} MMNetwork;

/*
 * mm_network_make: a network with random parameters.  Those of the last layer are
 * small, so that its outputs begin near what its biases say, all 0.
 *
 * mm_network_last_biases: these biases, one for each output.
 */
extern MMNetwork *mm_network_make(int inputs, int outputs, bool bounded, MMRandom *random);
extern double *mm_network_last_biases(MMNetwork *network);

/*
 * mm_network_run: the outputs for an input; they stay valid until the next call.
 *
 * mm_network_learn: add to the gradient what an error of the outputs says of the last
 * input.  Returns the errors of the input.
 *
 * mm_network_step: a step of Adam (Kingma and Ba, 2015) down the gradient, which is
 * then 0.
 *
 * mm_network_forget: set the gradient to 0.
 *
 * mm_network_follow: move the parameters the part rate of the way to those of
 * another network of the same shape.
 */
extern const double *mm_network_run(MMNetwork *network, const double *input);
extern const double *mm_network_learn(MMNetwork *network, const double *errors);
extern void mm_network_step(MMNetwork *network, double rate);
extern void mm_network_forget(MMNetwork *network);
extern void mm_network_follow(MMNetwork *network, const MMNetwork *other, double rate);

#endif							/* MM_NETWORK_H */
