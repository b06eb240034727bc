import { type ListedModel } from './goods.ts'
import { type Listing } from './lists/listing.ts'
import { IMAGE_CEILING, type WellKnown, wellKnown } from './lists/well-known.ts'
import { type ModelTerms } from './prices.ts'

/** The operator's file comes first, then what is well known, then the upstream's own word, then a careful default. */
export function termsOf(model: ListedModel, listing: Listing, name: string): ModelTerms {
  const known = wellKnown(model.id) ?? wellKnown(name)
  const generates = listing.prices.output !== undefined
  return {
    contextLength: listing.contextLength ?? model.contextLength,
    outputLimit: generates ? outputLimitOf(model, listing, known?.outputLimit) : 0,
    imageCeiling: listing.imageCeiling ?? known?.imageCeiling ?? IMAGE_CEILING,
    prices: listing.prices,
    priceVersion: listing.priceVersion,
    createdAt: model.created,
    name: listing.name,
    inputModalities: listing.inputModalities ?? usualInput(known),
    outputModalities: listing.outputModalities ?? (generates ? ['text'] : ['embeddings']),
  }
}

function outputLimitOf(model: ListedModel, listing: Listing, known: number | undefined): number {
  const context = listing.contextLength ?? model.contextLength
  const usual = context === undefined ? 4096 : 16_384
  const limit = listing.outputLimit ?? known ?? model.outputLimit ?? usual
  return Math.min(limit, context ?? limit)
}

function usualInput(known: WellKnown | undefined): readonly string[] {
  return known?.images === true ? ['text', 'image'] : ['text']
}
