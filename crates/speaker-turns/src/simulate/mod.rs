//! Plans of made-up conversations: which recording of whom begins when. Plain data, no sound.

mod checks;
mod place;
mod plan;
mod settings;

pub use plan::{
    Channel, ConversationPlan, ConversationSpeaker, PlacedUtterance, plan_conversation,
};
pub use settings::{ConversationSettings, SpeakerUtterances, Utterance};
