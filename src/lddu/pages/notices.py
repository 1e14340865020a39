"""What is said of every model that reads emotions: what its answers are, what they are for, and what the law asks."""

ESTIMATE = (
    "It estimates what raters would say that a clip shows. It does not know what a person feels, thinks or intends."
)

INTENDED_USE = (
    "Research, and finding passages in recordings that you may analyse, where a person checks what matters. Clips should "
    "resemble those it learnt from; probabilities and uncertainties are to be read, not only the decision."
)

OUT_OF_SCOPE = (
    "Decisions about people: at work, in school, in hiring, in policing or at borders, in diagnosis or therapy, in insurance "
    "or credit. Lie detection. Watching people who do not know or have not agreed. Telling who somebody is."
)

RECORDING_NOTICE = (
    "This program estimates which emotions other people would see and hear in your recording. It does not know what you "
    "feel, and it is often wrong. Record only people who know this and agree. Do not use the answers to decide about "
    "anyone: not at work, in school, in hiring, policing or diagnosis, and not to detect lies."
)
"""For a page to show before a first recording."""

EU_AI_ACT = (
    "In the European Union, a system that infers emotions or intentions from biometric data, such as voice or face, is an "
    "emotion recognition system (Regulation (EU) 2024/1689, the AI Act, Art. 3(39)). Inferring emotions of people at work or "
    "in education has been prohibited since 2 February 2025, except for medical or safety reasons (Art. 5(1)(f)). Elsewhere, "
    "whoever uses such a system has had to inform the people who are exposed to it since 2 August 2026 (Art. 50(3)). Text "
    "alone is not biometric data. This is not legal advice."
)
